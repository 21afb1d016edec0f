/**
 * Bugs in the contracts that hold the money, as a person might make them; `npm run mutate:contracts` makes all that a machine can. (That the
 * compiled artifacts differ is noticed by lint, and does not count here.)
 */
import { within, type Mutant } from '../mutant.ts'

const attacks = ['contracts/test/Attacks.t.sol']
const fuzz = ['contracts/test/Fuzz.t.sol']
const money = ['contracts/test/Money.t.sol']
const signatures = ['contracts/test/Signatures.t.sol']
const vault = ['contracts/test/Vault.t.sol']

export const contracts: readonly Mutant[] = within('contracts/src', [
  {
    id: 'escrow-anyone-opens',
    file: 'Escrow.sol',
    find: '        (id, e) = _in(a, State.None);\n        if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);\n',
    replace: '        (id, e) = _in(a, State.None);\n',
    means: 'a provider opens in the name of a requester that has refused it',
    tests: money
  },
  {
    id: 'escrow-no-grace',
    file: 'Escrow.sol',
    find: '        uint256 last = uint256(a.deliverBy) + a.challengeWindow;\n        if (block.timestamp <= last) revert TooEarly',
    replace: '        uint256 last = a.deliverBy;\n        if (block.timestamp <= last) revert TooEarly',
    means: 'receipts die one second after the deadline',
    tests: money
  },
  {
    id: 'escrow-fee-up',
    file: 'Escrow.sol',
    find: '(uint256(end.gross) * feeBps) / BPS',
    replace: '(uint256(end.gross) * feeBps + BPS - 1) / BPS',
    means: 'a pay of one unit is all fee',
    tests: money
  },
  {
    id: 'escrow-lower-receipt',
    file: 'Escrow.sol',
    find: 'if (r.amount <= known || r.amount > a.price)',
    replace: 'if (r.amount == known || r.amount > a.price)',
    means: 'a receipt with a lower amount replaces a higher one',
    tests: fuzz
  },
  {
    id: 'escrow-closes-itself',
    file: 'Escrow.sol',
    find: 'bool conceded = msg.sender == a.requester && e.deliveredAt > 0',
    replace: 'bool conceded = e.deliveredAt > 0',
    means: 'a provider whose checkpoints were lies closes with them before anybody can dispute',
    tests: money
  },
  {
    id: 'escrow-cancel-alone',
    file: 'Escrow.sol',
    find: '            _checkSignature(digest, a.provider, providerSig);\n        }\n        if (msg.sender',
    replace: '        }\n        if (msg.sender',
    means: 'a requester ends an agreement without its provider and takes the price back',
    tests: attacks
  },
  {
    id: 'escrow-window-early',
    file: 'Escrow.sol',
    find: 'if (block.timestamp > last) revert TooLate(id, block.timestamp, last);\n        e.state = State.Disputed;',
    replace:
      'if (block.timestamp >= last) revert TooLate(id, block.timestamp, last);\n        e.state = State.Disputed;',
    means: 'the window for a dispute closes one second early',
    tests: attacks
  },
  {
    id: 'escrow-revoked-accepted',
    file: 'Escrow.sol',
    find: '        if (revoked[signer][digest]) revert SignatureRevoked(digest, signer);\n',
    replace: '',
    means: 'a signature that was taken back still locks money',
    tests: attacks
  },
  {
    id: 'escrow-own-arbiter',
    file: 'Escrow.sol',
    find: 'a.arbiter == address(0) || a.arbiter == a.requester || a.arbiter == a.provider',
    replace: 'a.arbiter == address(0) || a.arbiter == a.provider',
    means: 'a requester decides its own disputes',
    tests: money
  },
  {
    id: 'escrow-dispute-bond-kept',
    file: 'Escrow.sol',
    find: 'refunded + disputeBondOf(a) - end.lost',
    replace: 'refunded + disputeBondOf(a) - end.lost - (end.lost > 0 ? 1 : 0)',
    means: 'a part of a dispute bond stays locked for ever',
    tests: ['contracts/test/Invariants.t.sol', ...money]
  },
  {
    id: 'escrow-dispute-bond-whole',
    file: 'Escrow.sol',
    find: 'end.lost = _share(disputeBondOf(a), providerBps);',
    replace: 'end.lost = providerBps == BPS ? disputeBondOf(a) : 0;',
    means: 'a ruling of 9,999 of 10,000 returns the dispute bond whole',
    tests: money
  },
  {
    id: 'escrow-silence-pays',
    file: 'Escrow.sol',
    find: '        _pay(a.requester, BURNED, end.burned);\n',
    replace: '        _pay(a.requester, treasury, end.burned);\n',
    means: 'an arbiter who is the treasury earns by silence',
    tests: money
  },
  {
    id: 'signature-code-first',
    file: 'SignatureLib.sol',
    find: 'return _recovers(signer, digest, signature) || (signer.code.length > 0 && _asks(signer, digest, signature));',
    replace:
      'return signer.code.length > 0 ? _asks(signer, digest, signature) : _recovers(signer, digest, signature);',
    means: 'a requester voids its receipts by delegating its account',
    tests: signatures
  },
  {
    id: 'signature-all-gas',
    file: 'SignatureLib.sol',
    find: 'staticcall(SIGNER_GAS,',
    replace: 'staticcall(gas(),',
    means: 'each claim burns all the gas that it was sent with',
    tests: signatures
  },
  {
    id: 'vault-pays-from-nothing',
    file: 'Vault.sol',
    find: '        _balances[from].locked -= amount;\n        _balances[to].free += amount;',
    replace: '        _balances[to].free += amount;',
    means: 'money appears: the last to withdraw finds the vault empty',
    tests: ['contracts/test/Invariants.t.sol', ...money]
  },
  {
    id: 'vault-credits-what-was-asked',
    file: 'Vault.sol',
    find: '_balances[msg.sender].free += credited.toUint128();',
    replace: '_balances[msg.sender].free += amount.toUint128();',
    means: 'a token that takes a fee on transfer empties the vault of others',
    tests: vault
  },
  {
    id: 'vault-reentered',
    file: 'Vault.sol',
    find: 'function deposit(uint256 amount) external nonReentrant returns',
    replace: 'function deposit(uint256 amount) external returns',
    means: 'a token that calls back is credited twice for one deposit',
    tests: vault
  },
  {
    id: 'vault-limit-each-time',
    file: 'Vault.sol',
    find: '(w.spent, w.day) = (_spent(w) + amount.toUint128(), _today());',
    replace: 'w.day = _today();',
    means: 'a leaked key takes the daily limit again and again',
    tests: vault
  },
  {
    id: 'vault-owner-lifts-guard',
    file: 'Vault.sol',
    find: 'if (guardian != address(0)) revert NotGuardian(msg.sender, msg.sender, guardian);',
    replace: '',
    means: 'a leaked key lifts its own limit first',
    tests: vault
  },
  {
    id: 'registry-claim-early',
    file: 'Registry.sol',
    find: 's.claimableAt = uint64(block.timestamp) + unbondingDelay;',
    replace: 'if (s.claimableAt == 0) s.claimableAt = uint64(block.timestamp) + unbondingDelay;',
    means: 'a second unstake has no delay: stake leaves before it can be lost',
    tests: vault
  }
])

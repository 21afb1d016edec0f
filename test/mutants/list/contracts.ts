/** Bugs in the contracts that hold the money. (That the compiled artifacts differ is noticed by lint, and does not count here.) */
import { within, type Mutant } from '../mutant.ts'

const attacks = ['contracts/test/Attacks.t.sol']
const fuzz = ['contracts/test/Fuzz.t.sol']

export const contracts: readonly Mutant[] = within('contracts/src', [
  {
    id: 'escrow-refund-early',
    file: 'Escrow.sol',
    find: 'if (block.timestamp <= a.deliverBy) revert TooEarly(id, block.timestamp, a.deliverBy);',
    replace: 'if (block.timestamp < a.deliverBy) revert TooEarly(id, block.timestamp, a.deliverBy);',
    means: 'a refund is possible in the last second of delivery',
    tests: attacks
  },
  {
    id: 'escrow-fee-down',
    file: 'Escrow.sol',
    find: '(uint256(gross) * feeBps + BPS - 1) / BPS',
    replace: '(uint256(gross) * feeBps) / BPS',
    means: 'small payments pay no fee at all',
    tests: fuzz
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
    tests: attacks
  },
  {
    id: 'escrow-dispute-bond-kept',
    file: 'Escrow.sol',
    find: 'back += a.bond;',
    replace: 'back += a.bond - a.bond / 10_000;',
    means: 'a part of every dispute bond stays locked for ever',
    tests: ['contracts/test/Invariants.t.sol', ...attacks]
  },
  {
    id: 'vault-pays-from-nothing',
    file: 'Vault.sol',
    find: '        _balances[from].locked -= amount;\n        _balances[to].free += amount;',
    replace: '        _balances[to].free += amount;',
    means: 'money appears: the last to withdraw finds the vault empty',
    tests: ['contracts/test/Invariants.t.sol', ...attacks]
  },
  {
    id: 'vault-credits-what-was-asked',
    file: 'Vault.sol',
    find: '_balances[msg.sender].free += credited.toUint128();',
    replace: '_balances[msg.sender].free += amount.toUint128();',
    means: 'a token that takes a fee on transfer empties the vault of others',
    tests: attacks
  },
  {
    id: 'registry-claim-early',
    file: 'Registry.sol',
    find: 's.claimableAt = uint64(block.timestamp) + unbondingDelay;',
    replace: 'if (s.claimableAt == 0) s.claimableAt = uint64(block.timestamp) + unbondingDelay;',
    means: 'a second unstake has no delay: stake leaves before it can be lost',
    tests: attacks
  }
])

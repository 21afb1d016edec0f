/** Faults that no forge test notices, each with the reason why it may stay so. A survivor that is not here fails the run. */
import type { Fault } from './worker.ts'

export interface Explained {
  readonly file: string
  /** Its line in the source, without blanks around it; `text` to `by` is the change in it. */
  readonly source: string
  readonly text: string
  readonly by: string
  readonly why: string
}

/** One line of the source, and the changes of it that may stay unnoticed for one reason. */
const lines: readonly (readonly [
  file: string,
  source: string,
  changes: readonly (readonly [string, string])[],
  why: string
])[] = [
  [
    'Escrow.sol',
    'if (a.bond > 0) vault.lock(a.provider, a.bond);',
    [
      ['a.bond', 'a.price'],
      ['>', '>=']
    ],
    'Locking nothing changes nothing: the condition only saves the gas of a call.'
  ],
  [
    'Escrow.sol',
    'if (amount > 0) vault.pay(from, to, amount);',
    [['>', '>=']],
    'Paying nothing changes nothing: the condition only saves the gas of a call.'
  ],
  [
    'Escrow.sol',
    'if (amount > 0) vault.unlock(owner, amount);',
    [['>', '>=']],
    'Unlocking nothing changes nothing: the condition only saves the gas of a call.'
  ],
  [
    'Escrow.sol',
    'bool conceded = msg.sender == a.requester && e.deliveredAt > 0 && r.amount >= _claim(id, e, a);',
    [['0', '1']],
    'No block of any chain has the time stamp 1.'
  ],
  [
    'Escrow.sol',
    'return value < floor ? floor : value;',
    [['<', '<=']],
    'The larger of two equal amounts is either.'
  ],
  [
    'Vault.sol',
    'return spent < w.dailyLimit ? w.dailyLimit - spent : 0;',
    [['<', '<=']],
    'When all of the limit is spent, limit less spent is 0 as well.'
  ],
  [
    'SignatureLib.sol',
    'uint256 internal constant SIGNER_GAS = 100_000;',
    [
      ['100_000', '100001'],
      ['100_000', '99999']
    ],
    'One unit of gas more or less is nothing that a test of compiled code can hold on to; that the amount is bounded, and given whole, is tested.'
  ],
  [
    'SignatureLib.sol',
    'uint256 private constant CALL_GAS = 6_000;',
    [
      ['6_000', '6001'],
      ['6_000', '5999']
    ],
    'A reserve with some room; one unit of gas more or less is as good.'
  ],
  [
    'SignatureLib.sol',
    'uint256 needed = ((SIGNER_GAS + CALL_GAS) * 64) / 63;',
    [
      ['64', '65'],
      ['64', '63'],
      ['63', '64'],
      ['63', '62']
    ],
    "The reserve of 6,000 has room for it: what is asked for stays between 106,000 and 109,500, of which 63/64 are more than the signer's 100,000."
  ],
  [
    'SignatureLib.sol',
    'if (gasleft() < needed) revert SignerGasLow(signer, gasleft(), needed);',
    [['<', '<=']],
    'One unit of gas at the edge of a reserve with some room.'
  ],
  [
    'SignatureLib.sol',
    'return _recovers(signer, digest, signature) || (signer.code.length > 0 && _asks(signer, digest, signature));',
    [
      ['>', '>='],
      ['0', '1']
    ],
    'An account without code, or with one byte of it, answers a call with no data, which is no yes.'
  ],
  [
    'SignatureLib.sol',
    '? ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]))',
    [['32', '33']],
    'Of the first 33 bytes the conversion takes the first 32. (The same change of the second number is noticed.)'
  ],
  [
    'SignatureLib.sol',
    'let ok := staticcall(SIGNER_GAS, signer, add(data, 0x20), mload(data), 0, 0x20)',
    [['0x20', '0x21']],
    'One byte more of the answer goes into the scratch space, where nobody reads it. (The same change of the first number is noticed.)'
  ],
  [
    'SignatureLib.sol',
    'valid := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0), magic)))',
    [['0x1f', '0x1e']],
    "An answer of 31 bytes leaves the 32nd byte of the scratch space as it was, which is not zero after a hash; and it would be the signer's own yes."
  ]
]

export const explained: readonly Explained[] = lines.flatMap(([file, source, changes, why]) =>
  changes.map(([text, by]) => ({ file, source, text, by, why }))
)

/** Why a survivor may live; undefined when nobody has said so. */
export const reasonFor = (f: Fault): string | undefined =>
  explained.find(e => e.file === f.file && e.source === f.source && e.text === f.text && e.by === f.by)?.why

/**
 * What is left of the contracts of generation 1 (until 30 November 2026): by what their code is known, and those of their calls and events
 * that generation 2 has in another form. Networks made with them are read, ended and emptied; nothing new is opened on them.
 */
import { Interface } from 'ethers/abi'
import { typedData, type Agreement } from '../protocol/eip712.ts'
import type { Hex32, HexBytes } from '../protocol/ids.ts'
import type { CodeMark, ContractName } from './contracts.ts'

const at = (...starts: readonly number[]): CodeMark['immutables'] => starts.map(start => [start, 32] as const)

/** Made from the sources of that time by scripts/build-contracts.ts; their bytecode came out as it was committed then. */
export const firstMarks: Readonly<Record<ContractName, CodeMark>> = {
  ShoalToken: {
    sha256: '71cb57db057ec11b0fcb104192ad34ee5dbef4b6510d849b42eb4dd8851fb8f5',
    immutables: at(1593, 1635, 1677, 1758, 1798, 1885, 1928)
  },
  Vault: {
    sha256: 'f40ca0e4fbef3fb57c2f91512bc50cccfc461575f77d9b7ff7aa400b5d029816',
    immutables: at(626, 1065, 1525, 1655, 3092, 3212, 3275)
  },
  Escrow: {
    sha256: '1379392bcf8d7fd6db5555173174a846267ff6f738b19e583a27e05f8b7e8b7c',
    immutables: at(
      ...[352, 448, 775, 2628, 3719, 3933, 5964, 6187, 6399, 6490, 6618, 6847, 7167, 7422, 7785, 7833],
      ...[9425, 9467, 9509, 9590, 9630]
    )
  },
  Registry: {
    sha256: 'f7decd3bb51ebe357e42831a7fed68778e466b53f080d28c97e91fe9d4b3edfe',
    immutables: at(528, 592, 948, 1439, 1795)
  }
}

const tuple = typedData.Agreement.map(f => `${f.type} ${f.name}`).join(', ')
let made: Interface | undefined

/** The delivery of generation 1, which claims the whole price. */
export const firstInterface = (): Interface =>
  (made ??= new Interface([
    `function deliver((${tuple}) a, bytes32 result)`,
    'event Delivered(bytes32 indexed agreement, bytes32 result, uint256 disputeUntil)'
  ]))

/** `deliver` as the escrow of generation 1 takes it. */
export const firstDeliver = (a: Agreement, result: Hex32): HexBytes =>
  firstInterface().encodeFunctionData('deliver', [a, result]) as HexBytes

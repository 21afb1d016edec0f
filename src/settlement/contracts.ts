/** The contracts' interfaces, read on first use from the built artifacts (contracts/artifacts). */
import { createRequire } from 'node:module'
import { Interface, type InterfaceAbi, type Result } from 'ethers/abi'
import { ShoalError } from '../protocol/errors.ts'
import type { HexBytes } from '../protocol/ids.ts'

export type ContractName = 'ShoalToken' | 'Vault' | 'Escrow' | 'Registry'

/** What the code on a chain is compared by: its sha-256 with the immutables set to zero, and where they stand ([first byte, length]). */
export interface CodeMark {
  readonly sha256: string
  readonly immutables: readonly (readonly [number, number])[]
}

interface Artifact {
  readonly abi: InterfaceAbi
  readonly bytecode: HexBytes
  readonly code: CodeMark
}
interface Contract {
  readonly iface: Interface
  readonly bytecode: HexBytes
  readonly code: CodeMark
}

const require = createRequire(import.meta.url)
const artifacts = new Map<ContractName, Contract>()

function load(name: ContractName): Contract {
  const known = artifacts.get(name)
  if (known !== undefined) return known
  // Two levels up from src/settlement and from dist/settlement alike.
  const artifact = require(`../../contracts/artifacts/${name}.json`) as Artifact
  const made = { iface: new Interface(artifact.abi), bytecode: artifact.bytecode, code: artifact.code }
  artifacts.set(name, made)
  return made
}

export const interfaceOf = (name: ContractName): Interface => load(name).iface

/** By what the runtime code of a contract of this generation is known. */
export const codeMarkOf = (name: ContractName): CodeMark => load(name).code

/** Creation code with its constructor arguments. */
export function deployData(name: ContractName, args: readonly unknown[]): HexBytes {
  const { iface, bytecode } = load(name)
  return (bytecode + iface.encodeDeploy([...args]).slice(2)) as HexBytes
}

export const encodeCall = (name: ContractName, method: string, args: readonly unknown[]): HexBytes =>
  interfaceOf(name).encodeFunctionData(method, [...args]) as HexBytes

/** The library puts some errors off until a value is used (an address with dirty bytes): here they are thrown at once. */
export function whole(values: Result): Result {
  values.toArray(true)
  return values
}

/** What a call returned. CHAIN_WRONG_NETWORK when there is no such contract at the address. */
export function decodeResult(name: ContractName, method: string, data: string): Result {
  try {
    return whole(interfaceOf(name).decodeFunctionResult(method, data))
  } catch (cause) {
    throw new ShoalError('CHAIN_WRONG_NETWORK', `${name}.${method} did not answer as expected`, {
      data: { contract: name, method },
      next: 'Check that network.json belongs to this chain.',
      cause
    })
  }
}

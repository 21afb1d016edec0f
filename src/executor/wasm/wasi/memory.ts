import { WasiError } from './errno.ts'

/** The guest's memory as host calls see it: each access is checked, an address outside it gives EFAULT. Little endian. */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined
  #view = new DataView(new ArrayBuffer(0))

  /** The instance is made with the host calls, so its memory comes after them. Until then each access gives EFAULT. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory
  }

  /** The memory may have grown since the last call, which replaces its buffer. */
  #at(address: number, length: number): DataView {
    const buffer = this.#memory?.buffer
    if (buffer !== undefined && buffer !== this.#view.buffer) this.#view = new DataView(buffer)
    if (address + length > this.#view.byteLength) throw new WasiError('fault')
    return this.#view
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#at(address, length).buffer, address, length)
  }

  text(address: number, length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(address, length))
    } catch (e) {
      throw e instanceof WasiError ? e : new WasiError('ilseq')
    }
  }

  u8(address: number): number {
    return this.#at(address, 1).getUint8(address)
  }

  u16(address: number): number {
    return this.#at(address, 2).getUint16(address, true)
  }

  u32(address: number): number {
    return this.#at(address, 4).getUint32(address, true)
  }

  u64(address: number): bigint {
    return this.#at(address, 8).getBigUint64(address, true)
  }

  setU8(address: number, value: number): void {
    this.#at(address, 1).setUint8(address, value)
  }

  setU16(address: number, value: number): void {
    this.#at(address, 2).setUint16(address, value, true)
  }

  setU32(address: number, value: number): void {
    this.#at(address, 4).setUint32(address, value, true)
  }

  setU64(address: number, value: bigint): void {
    this.#at(address, 8).setBigUint64(address, value, true)
  }

  /** The buffers of a read or write call. EINVAL for more than 1024 of them (IOV_MAX). */
  vectors(address: number, count: number): Uint8Array[] {
    if (count > 1024) throw new WasiError('inval')
    return Array.from({ length: count }, (_, i) =>
      this.bytes(this.u32(address + i * 8), this.u32(address + i * 8 + 4))
    )
  }
}

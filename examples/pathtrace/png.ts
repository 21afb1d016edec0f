/** PNG (ISO/IEC 15948) with 8-bit RGB, each row filtered by `Up`, in stored blocks: rendered noise hardly shrinks. */

const STORED_MAX: i32 = 65535;

class Writer {
  private at: i32 = 0;

  constructor(public bytes: Uint8Array) {}

  u8(value: u32): void {
    this.bytes[this.at++] = <u8>value;
  }

  u16le(value: u32): void {
    this.u8(value);
    this.u8(value >> 8);
  }

  u32(value: u32): void {
    for (let shift: u32 = 32; shift > 0; ) this.u8(value >> (shift -= 8));
  }

  copy(from: usize, length: i32): void {
    memory.copy(this.bytes.dataStart + this.at, from, length);
    this.at += length;
  }

  /** Length, name, what `fill` writes, and the CRC of name and data. */
  chunk(name: string, data: Uint8Array): void {
    this.u32(data.length);
    const start = this.at;
    for (let i = 0; i < 4; i++) this.u8(name.charCodeAt(i));
    this.copy(data.dataStart, data.length);
    this.u32(crc32(this.bytes.dataStart + start, this.at - start));
  }
}

function crc32(start: usize, length: i32): u32 {
  const table = new StaticArray<u32>(256);
  for (let n: u32 = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = (c & 1) != 0 ? 0xedb88320 ^ (c >> 1) : c >> 1;
    table[n] = c;
  }
  let crc: u32 = 0xffffffff;
  for (let i = 0; i < length; i++) crc = unchecked(table[(crc ^ load<u8>(start + i)) & 255]) ^ (crc >> 8);
  return ~crc;
}

function adler32(bytes: Uint8Array): u32 {
  let a: u32 = 1;
  let b: u32 = 0;
  for (let i = 0; i < bytes.length; i++) {
    a = (a + unchecked(bytes[i])) % 65521;
    b = (b + a) % 65521;
  }
  return (b << 16) | a;
}

/** Rows with the filter byte in front: each byte less the one above it. */
function filterRows(pixels: Uint8Array, width: i32, height: i32): Uint8Array {
  const stride = width * 3;
  const out = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    out[y * (stride + 1)] = 2;
    for (let i = 0; i < stride; i++) {
      const above: u8 = y > 0 ? pixels[(y - 1) * stride + i] : 0;
      out[y * (stride + 1) + 1 + i] = pixels[y * stride + i] - above;
    }
  }
  return out;
}

function zlibStored(data: Uint8Array): Uint8Array {
  const blocks = max(1, (data.length + STORED_MAX - 1) / STORED_MAX);
  const out = new Writer(new Uint8Array(2 + blocks * 5 + data.length + 4));
  out.u8(0x78);
  out.u8(0x01);
  for (let block = 0; block < blocks; block++) {
    const from = block * STORED_MAX;
    const length = min(STORED_MAX, data.length - from);
    out.u8(block + 1 == blocks ? 1 : 0);
    out.u16le(length);
    out.u16le(~length);
    out.copy(data.dataStart + from, length);
  }
  out.u32(adler32(data));
  return out.bytes;
}

export function encodePng(pixels: Uint8Array, width: i32, height: i32): Uint8Array {
  const head = new Writer(new Uint8Array(13));
  head.u32(width);
  head.u32(height);
  head.u8(8);
  head.u8(2);
  const data = zlibStored(filterRows(pixels, width, height));
  const out = new Writer(new Uint8Array(8 + 3 * 12 + 13 + data.length));
  out.u32(0x89504e47);
  out.u32(0x0d0a1a0a);
  out.chunk("IHDR", head.bytes);
  out.chunk("IDAT", data);
  out.chunk("IEND", new Uint8Array(0));
  return out.bytes;
}

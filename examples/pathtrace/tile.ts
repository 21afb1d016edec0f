/** A band of rows: `TILE`, then width, height of the whole picture, first row, rows (u32, little endian), then RGB bytes. */
export const TILE_HEAD: i32 = 20;
export const TILE_MAGIC: u32 = 0x454c4954;

export class Tile {
  constructor(public width: i32, public height: i32, public first: i32, public rows: i32) {}

  write(at: usize): void {
    store<u32>(at, TILE_MAGIC);
    store<u32>(at, this.width, 4);
    store<u32>(at, this.height, 8);
    store<u32>(at, this.first, 12);
    store<u32>(at, this.rows, 16);
  }

  /** Null when the bytes are no tile. */
  static read(bytes: Uint8Array): Tile | null {
    const at = bytes.dataStart;
    if (bytes.length < TILE_HEAD || load<u32>(at) != TILE_MAGIC) return null;
    const tile = new Tile(load<i32>(at, 4), load<i32>(at, 8), load<i32>(at, 12), load<i32>(at, 16));
    return bytes.length == TILE_HEAD + tile.rows * tile.width * 3 ? tile : null;
  }
}

/** The name of a shard's tile. */
export function tileName(shard: i32): string {
  return "tile-" + shard.toString().padStart(3, "0") + ".bin";
}

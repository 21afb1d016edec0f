/** Puts the tiles of all shards, /in/0/tile-000.bin, /in/1/tile-001.bin and so on, together as /out/picture.png. */
import { fail, print, progress, readFile, writeFile } from "../lib/wasi";
import { encodePng } from "./png";
import { Tile, tileName, TILE_HEAD } from "./tile";

function loadTile(shard: i32): Uint8Array | null {
  return readFile("/in/" + shard.toString() + "/" + tileName(shard));
}

let width = 0;
let height = 0;
let row = 0;
let shard = 0;
let pixels = new Uint8Array(0);
for (let bytes = loadTile(0); bytes != null; bytes = loadTile(++shard)) {
  const tile = Tile.read(bytes);
  if (tile == null) {
    fail("tile " + shard.toString() + " is broken");
    break;
  }
  if (shard == 0) {
    width = tile.width;
    height = tile.height;
    pixels = new Uint8Array(width * height * 3);
  }
  if (tile.width != width || tile.height != height || tile.first != row || row + tile.rows > height) {
    fail("tile " + shard.toString() + " does not fit");
  }
  memory.copy(pixels.dataStart + row * width * 3, bytes.dataStart + TILE_HEAD, tile.rows * width * 3);
  row += tile.rows;
}
if (shard == 0 || row != height) fail("tiles are missing after row " + row.toString());
writeFile("/out/picture.png", encodePng(pixels, width, height));
progress(1, 1, "picture.png");
print("picture of " + width.toString() + " x " + height.toString() + " from " + shard.toString() + " tiles");

/** Renders this shard's band of /in/scene.txt into /out/tile-NNN.bin; see README.md. */
import { fail, numberOption, print, progress, readFile, readText, saveCheckpoint, shard, shards, writeFile } from "../lib/wasi";
import { parseScene, Scene } from "./scene";
import { Tile, tileName, TILE_HEAD } from "./tile";
import { Tracer } from "./tracer";

const CHECKPOINT = "tile.bin";

function loadScene(): Scene {
  const scene = parseScene(readText("/in/scene.txt"));
  scene.width = numberOption("width", scene.width);
  scene.height = numberOption("height", scene.height);
  scene.samples = numberOption("samples", scene.samples);
  const pixels = <i64>scene.width * <i64>scene.height;
  if (pixels < 1 || pixels > 100_000_000 || scene.samples < 1) fail("the picture is empty or too large");
  return scene;
}

/** Rows that a checkpoint of this very band holds, copied into `out`; 0 without one. */
function resume(band: Tile, out: Uint8Array): i32 {
  const saved = readFile("/ckpt/" + CHECKPOINT);
  if (saved == null) return 0;
  const tile = Tile.read(saved);
  if (tile == null || tile.width != band.width || tile.height != band.height || tile.first != band.first) return 0;
  if (tile.rows > band.rows) return 0;
  memory.copy(out.dataStart, saved.dataStart, saved.length);
  print("resumed at row " + tile.rows.toString() + " of " + band.rows.toString());
  return tile.rows;
}

const scene = loadScene();
const first = (scene.height * shard()) / shards();
const rows = (scene.height * (shard() + 1)) / shards() - first;
const every = numberOption("every", 2);
const band = new Tile(scene.width, scene.height, first, rows);
const out = new Uint8Array(TILE_HEAD + rows * scene.width * 3);
const tracer = new Tracer(scene);
for (let row = resume(band, out); row < rows; row++) {
  let at = out.dataStart + TILE_HEAD + row * scene.width * 3;
  for (let x = 0; x < scene.width; x++, at += 3) tracer.pixel(x, first + row, at);
  progress(row + 1, rows, "row " + (row + 1).toString() + " of " + rows.toString());
  if (every > 0 && (row + 1) % every == 0 && row + 1 < rows) {
    new Tile(scene.width, scene.height, first, row + 1).write(out.dataStart);
    saveCheckpoint(CHECKPOINT, out, TILE_HEAD + (row + 1) * scene.width * 3);
  }
}
band.write(out.dataStart);
writeFile("/out/" + tileName(shard()), out);

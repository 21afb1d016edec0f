/**
 * Counts the lines of a web server's log by path prefix and status, and their bytes: /in/access.log into /out/hits.tsv and
 * /out/bytes.tsv, lines `number<TAB>/prefix status`. See README.md for what a line is.
 */
import { print, progress, requireFile, writeFile } from "../lib/wasi";
import { CountTable } from "../wordcount/table";

const PROGRESS_BYTES: i32 = 1 << 22;
const NEWLINE: u8 = 10;
const SPACE: u8 = 32;
const QUOTE: u8 = 34;
const SLASH: u8 = 47;
const QUESTION: u8 = 63;
/** Longer prefixes count under what fits. */
const PREFIX_MAX: i32 = 200;

const key = memory.data(256);
let broken: u64 = 0;

// @ts-ignore: decorator
@inline
function isDigit(c: u8): bool {
  return c - 48 < 10;
}

/** The place after the next `byte` in the line, or `end`. */
// @ts-ignore: decorator
@inline
function after(at: usize, end: usize, byte: u8): usize {
  while (at < end && load<u8>(at) != byte) at++;
  return at < end ? at + 1 : end;
}

function line(start: usize, end: usize, hits: CountTable, bytes: CountTable): void {
  const path = after(after(start, end, QUOTE), end, SPACE);
  if (path >= end || load<u8>(path) != SLASH) {
    broken++;
    return;
  }
  let length = 1;
  for (let at = path + 1; at < end && length < PREFIX_MAX; at++, length++) {
    const c = load<u8>(at);
    if (c == SLASH || c == SPACE || c == QUESTION || c == QUOTE) break;
  }
  const status = after(path, end, QUOTE) + 1;
  if (status + 4 >= end || !isDigit(load<u8>(status)) || !isDigit(load<u8>(status + 1)) || !isDigit(load<u8>(status + 2)) || load<u8>(status + 3) != SPACE) {
    broken++;
    return;
  }
  let size: u64 = 0;
  for (let at = status + 4; at < end && isDigit(load<u8>(at)); at++) size = size * 10 + (load<u8>(at) - 48);
  memory.copy(key, path, length);
  store<u8>(key + length, SPACE);
  memory.copy(key + length + 1, status, 3);
  hits.add(key, length + 4, 1);
  bytes.add(key, length + 4, size);
}

const log = requireFile("/in/access.log");
const hits = new CountTable();
const bytes = new CountTable();
const end = log.dataStart + log.length;
let reported = log.dataStart;
let lines: u64 = 0;
for (let at = log.dataStart; at < end; lines++) {
  let stop = at;
  while (stop < end && load<u8>(stop) != NEWLINE) stop++;
  line(at, stop, hits, bytes);
  at = stop + 1;
  if (<i32>(at - reported) > PROGRESS_BYTES) {
    reported = at;
    progress(at - log.dataStart, log.length, "scanning");
  }
}
if (broken > 0) {
  store<u8>(key, 63);
  hits.add(key, 1, broken);
}
writeFile("/out/hits.tsv", hits.toLines(0));
writeFile("/out/bytes.tsv", bytes.toLines(0));
progress(1, 1, "done");
print(lines.toString() + " lines, " + broken.toString() + " of them broken");

/**
 * Sums up a log in the common format of web servers (/in/log.txt) into /out/requests.tsv and /out/bytes.tsv: for each status and first part of the path how many
 * requests there were, and how many bytes they took. See README.md.
 */
import { print, progress, requireFile, writeFile } from "../lib/wasi";
import { CountTable } from "../wordcount/table";

const PROGRESS_BYTES: i32 = 4 << 20;
const NEWLINE: u8 = 10;
const SPACE: u8 = 32;
const QUOTE: u8 = 34;
const SLASH: u8 = 47;

const requests = new CountTable();
const bytes = new CountTable();
/** "STATUS /part" of the line at hand. */
const key = new StaticArray<u8>(64);
let strange: u64 = 0;

// @ts-ignore: decorator
@inline
function isDigit(c: u8): bool {
  return c - 48 < 10;
}

/** host - user [time] "METHOD /path HTTP/1.1" STATUS BYTES */
function line(at: usize, end: usize): void {
  while (at < end && load<u8>(at) != QUOTE) at++;
  while (at < end && load<u8>(at) != SPACE) at++;
  const path = ++at;
  if (path >= end || load<u8>(path) != SLASH) {
    strange++;
    return;
  }
  for (at++; at < end && load<u8>(at) != SLASH && load<u8>(at) != SPACE; ) at++;
  const length = min(<i32>(at - path), 60);
  while (at < end && load<u8>(at) != QUOTE) at++;
  const status = at + 2;
  if (status + 4 >= end || !isDigit(load<u8>(status)) || load<u8>(status + 3) != SPACE) {
    strange++;
    return;
  }
  let sum: u64 = 0;
  for (at = status + 4; at < end && isDigit(load<u8>(at)); at++) sum = sum * 10 + (load<u8>(at) - 48);
  const start = changetype<usize>(key);
  memory.copy(start, status, 4);
  memory.copy(start + 4, path, length);
  requests.add(start, 4 + length, 1);
  bytes.add(start, 4 + length, sum);
}

const text = requireFile("/in/log.txt");
const end = text.dataStart + text.length;
let reported = text.dataStart;
for (let at = text.dataStart; at < end; ) {
  let stop = at;
  while (stop < end && load<u8>(stop) != NEWLINE) stop++;
  line(at, stop);
  at = stop + 1;
  if (<i32>(at - reported) > PROGRESS_BYTES) {
    reported = at;
    progress(at - text.dataStart, text.length, "reading");
  }
}
writeFile("/out/requests.tsv", requests.toLines(0));
writeFile("/out/bytes.tsv", bytes.toLines(0));
progress(1, 1, "done");
print(requests.size.toString() + " kinds, " + strange.toString() + " strange lines, from " + text.length.toString() + " bytes");

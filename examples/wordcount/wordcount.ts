/**
 * Counts the words or n-grams of /in/text.txt into /out/counts.tsv; see README.md.
 * A word is a run of ASCII letters, in lower case: what `LC_ALL=C tr -cs '[:alpha:]' '\n' | tr '[:upper:]' '[:lower:]'` gives.
 */
import { fail, numberOption, print, progress, requireFile, shard, shards, writeFile } from "../lib/wasi";
import { CountTable } from "./table";

const PROGRESS_BYTES: i32 = 1 << 20;
const SPACE: u8 = 32;

/** 32 when the byte is an upper-case letter, 0 for a lower-case one, -1 otherwise. */
// @ts-ignore: decorator
@inline
function letterShift(c: u8): i32 {
  if (c - 97 < 26) return 0;
  return c - 65 < 26 ? 32 : -1;
}

/** The last words seen, joined by a space: the key of an n-gram. */
class Window {
  private starts: StaticArray<usize>;
  private lengths: StaticArray<i32>;
  private seen: i32 = 0;
  private key: StaticArray<u8> = new StaticArray<u8>(256);

  constructor(private n: i32) {
    this.starts = new StaticArray<usize>(n);
    this.lengths = new StaticArray<i32>(n);
  }

  /** Takes the next word; counts the n-gram that it ends. */
  push(start: usize, length: i32, table: CountTable): void {
    const n = this.n;
    this.starts[this.seen % n] = start;
    this.lengths[this.seen % n] = length;
    this.seen++;
    if (this.seen < n) return;
    let total = n - 1;
    for (let i = 0; i < n; i++) total += this.lengths[i];
    if (total > this.key.length) this.key = new StaticArray<u8>(total * 2);
    let at = changetype<usize>(this.key);
    for (let i = 0; i < n; i++) {
      const word = (this.seen + i) % n;
      if (i > 0) store<u8>(at++, SPACE);
      memory.copy(at, this.starts[word], this.lengths[word]);
      at += this.lengths[word];
    }
    table.add(changetype<usize>(this.key), total, 1);
  }
}

function count(text: Uint8Array, n: i32, table: CountTable): void {
  const window = new Window(n);
  const end = text.dataStart + text.length;
  let reported = text.dataStart;
  for (let at = text.dataStart; at < end; ) {
    let shift = letterShift(load<u8>(at));
    if (shift < 0) {
      at++;
      continue;
    }
    const start = at;
    for (; shift >= 0; shift = at < end ? letterShift(load<u8>(at)) : -1) {
      store<u8>(at, load<u8>(at) + <u8>shift);
      at++;
    }
    if (n == 1) table.add(start, <i32>(at - start), 1);
    else window.push(start, <i32>(at - start), table);
    if (<i32>(at - reported) > PROGRESS_BYTES) {
      reported = at;
      progress(at - text.dataStart, text.length, "counting");
    }
  }
}

function main(text: Uint8Array, n: i32): void {
  const table = new CountTable();
  // A text that begins with anything but a letter begins with an empty line after `tr`, which `uniq -c` counts.
  if (n == 1 && shard() == 0 && text.length > 0 && letterShift(text[0]) < 0) table.add(0, 0, 1);
  count(text, n, table);
  // The first K of all shards together are not among the first K of each: only the gather may cut.
  const top = shards() == 1 ? numberOption("top", 0) : 0;
  writeFile("/out/counts.tsv", table.toLines(top));
  progress(1, 1, "done");
  print(table.size.toString() + " different, from " + text.length.toString() + " bytes");
}

const n = numberOption("ngram", 1);
if (n < 1 || n > 16) fail("--ngram takes 1 to 16");
main(requireFile("/in/text.txt"), n);

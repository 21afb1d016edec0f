/** Adds up hits.tsv and bytes.tsv of all shards. */
import { fail, print, progress, readFile, writeFile } from "../lib/wasi";
import { CountTable } from "../wordcount/table";

const TAB: u8 = 9;
const NEWLINE: u8 = 10;

function merge(lines: Uint8Array, table: CountTable): void {
  const end = lines.dataStart + lines.length;
  for (let at = lines.dataStart; at < end; at++) {
    let count: u64 = 0;
    for (; at < end && load<u8>(at) != TAB; at++) count = count * 10 + (load<u8>(at) - 48);
    const start = ++at;
    while (at < end && load<u8>(at) != NEWLINE) at++;
    if (at >= end) fail("a shard's table is cut off");
    table.add(start, <i32>(at - start), count);
  }
}

function gather(name: string): void {
  const table = new CountTable();
  let parts = 0;
  for (;;) {
    const lines = readFile("/in/" + parts.toString() + "/" + name);
    if (lines == null) break;
    merge(lines, table);
    parts++;
  }
  if (parts == 0) fail("there is no /in/0/" + name);
  writeFile("/out/" + name, table.toLines(0));
  print(name + ": " + table.size.toString() + " rows, from " + parts.toString() + " shards");
}

gather("hits.tsv");
gather("bytes.tsv");
progress(1, 1, "merged");

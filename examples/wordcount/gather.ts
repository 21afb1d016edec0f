/** Adds up /in/0/counts.tsv, /in/1/counts.tsv and so on into /out/counts.tsv, then keeps the first --top K (0: all). */
import { fail, numberOption, print, progress, readFile, writeFile } from "../lib/wasi";
import { CountTable } from "./table";

const TAB: u8 = 9;
const NEWLINE: u8 = 10;

function merge(lines: Uint8Array, table: CountTable): void {
  const end = lines.dataStart + lines.length;
  for (let at = lines.dataStart; at < end; at++) {
    let count: u64 = 0;
    for (; at < end && load<u8>(at) != TAB; at++) count = count * 10 + (load<u8>(at) - 48);
    const start = ++at;
    while (at < end && load<u8>(at) != NEWLINE) at++;
    if (at >= end) fail("a shard's counts.tsv is cut off");
    table.add(start, <i32>(at - start), count);
  }
}

const table = new CountTable();
let parts = 0;
for (;;) {
  const lines = readFile("/in/" + parts.toString() + "/counts.tsv");
  if (lines == null) break;
  merge(lines, table);
  parts++;
}
if (parts == 0) fail("there is no /in/0/counts.tsv");
writeFile("/out/counts.tsv", table.toLines(numberOption("top", 0)));
progress(1, 1, "merged");
print(table.size.toString() + " different, from " + parts.toString() + " shards");

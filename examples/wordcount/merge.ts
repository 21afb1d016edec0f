/** Adds up the tables that shards left under one name. */
import { fail, readFile } from "../lib/wasi";
import { CountTable } from "./table";

const TAB: u8 = 9;
const NEWLINE: u8 = 10;

function add(lines: Uint8Array, name: string, table: CountTable): void {
  const end = lines.dataStart + lines.length;
  for (let at = lines.dataStart; at < end; at++) {
    let count: u64 = 0;
    for (; at < end && load<u8>(at) != TAB; at++) count = count * 10 + (load<u8>(at) - 48);
    const start = ++at;
    while (at < end && load<u8>(at) != NEWLINE) at++;
    if (at >= end) fail("a shard's " + name + " is cut off");
    table.add(start, <i32>(at - start), count);
  }
}

/** Puts /in/0/NAME, /in/1/NAME and so on into the table; how many there were. Fails when there is none. */
export function merge(name: string, table: CountTable): i32 {
  let parts = 0;
  for (;;) {
    const lines = readFile("/in/" + parts.toString() + "/" + name);
    if (lines == null) break;
    add(lines, name, table);
    parts++;
  }
  if (parts == 0) fail("there is no /in/0/" + name);
  return parts;
}

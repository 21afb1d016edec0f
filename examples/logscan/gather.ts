/** Adds up hits.tsv and bytes.tsv of all shards. */
import { print, progress, writeFile } from "../lib/wasi";
import { merge } from "../wordcount/merge";
import { CountTable } from "../wordcount/table";

function gather(name: string): void {
  const table = new CountTable();
  const parts = merge(name, table);
  writeFile("/out/" + name, table.toLines(0));
  print(name + ": " + table.size.toString() + " rows, from " + parts.toString() + " shards");
}

gather("hits.tsv");
gather("bytes.tsv");
progress(1, 1, "merged");

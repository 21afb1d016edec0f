/** Adds up /in/0/counts.tsv, /in/1/counts.tsv and so on into /out/counts.tsv, then keeps the first --top K (0: all). */
import { numberOption, print, progress, writeFile } from "../lib/wasi";
import { merge } from "./merge";
import { CountTable } from "./table";

const table = new CountTable();
const parts = merge("counts.tsv", table);
writeFile("/out/counts.tsv", table.toLines(numberOption("top", 0)));
progress(1, 1, "merged");
print(table.size.toString() + " different, from " + parts.toString() + " shards");

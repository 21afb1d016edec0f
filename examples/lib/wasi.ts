/**
 * A small library over WASI preview 1 for tasks in AssemblyScript: arguments, environment, whole files, lines of output, progress.
 * Paths are absolute and begin with a folder that the engine opened for the task: /in, /out or /ckpt.
 */

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, size: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(pointers: usize, buffer: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, buffer: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, vectors: usize, count: u32, written: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, vectors: usize, count: u32, read: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: u32): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_filestat_get")
declare function fd_filestat_get(fd: u32, stat: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_prestat_get")
declare function fd_prestat_get(fd: u32, stat: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
declare function fd_prestat_dir_name(fd: u32, buffer: usize, length: u32): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(fd: u32, lookup: u32, path: usize, length: u32, flags: u32, rights: u64, inheriting: u64, fdFlags: u32, opened: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "path_rename")
declare function path_rename(fd: u32, path: usize, length: u32, newFd: u32, newPath: usize, newLength: u32): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

/** Space for the numbers that host calls hand back: 64 bytes hold the largest, a filestat. */
const cell: usize = memory.data(64, 8);
const NOT_FOUND: u32 = 44;
const RIGHTS_READ: u64 = 1 << 1;
const RIGHTS_WRITE: u64 = 1 << 6;
const CREATE_AND_TRUNCATE: u32 = 1 | 8;

/** The strings of a list that the engine hands over in one buffer. */
function strings(count: u32, size: u32, environment: bool): string[] {
  const pointers = heap.alloc(4 * <usize>count);
  const buffer = heap.alloc(size);
  if (environment) environ_get(pointers, buffer);
  else args_get(pointers, buffer);
  const out = new Array<string>();
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>load<u32>(pointers + 4 * i);
    let end = at;
    while (load<u8>(end) != 0) end++;
    out.push(String.UTF8.decodeUnsafe(at, end - at));
  }
  return out;
}

/** Arguments, without the program's name. */
export function args(): string[] {
  args_sizes_get(cell, cell + 4);
  return strings(load<u32>(cell), load<u32>(cell, 4), false).slice(1);
}

/** The value after `--name`, or `fallback`. */
export function option(name: string, fallback: string): string {
  const list = args();
  for (let i = 0; i + 1 < list.length; i++) if (list[i] == "--" + name) return list[i + 1];
  return fallback;
}

/** A whole number from 0 up after `--name`; ends the task when it is none. */
export function numberOption(name: string, fallback: i32): i32 {
  const text = option(name, "");
  if (text.length == 0) return fallback;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57 || i > 8) fail("--" + name + " takes a whole number, not " + text);
  }
  return <i32>parseInt(text, 10);
}

/** A variable of the environment, or `fallback`. */
export function variable(name: string, fallback: string): string {
  environ_sizes_get(cell, cell + 4);
  const list = strings(load<u32>(cell), load<u32>(cell, 4), true);
  for (let i = 0; i < list.length; i++) if (list[i].startsWith(name + "=")) return list[i].substring(name.length + 1);
  return fallback;
}

/** The number of this shard, from 0. */
export function shard(): i32 {
  return <i32>parseInt(variable("SHOAL_SHARD", "0"), 10);
}

export function shards(): i32 {
  return <i32>parseInt(variable("SHOAL_SHARDS", "1"), 10);
}

/** A path as the host takes it: the folder's descriptor and the rest. */
class Located {
  constructor(public fd: u32, public rest: ArrayBuffer) {}
}

function locate(path: string): Located {
  for (let fd: u32 = 3; fd_prestat_get(fd, cell) == 0; fd++) {
    const length = load<u32>(cell, 4);
    const buffer = heap.alloc(length);
    fd_prestat_dir_name(fd, buffer, length);
    const folder = String.UTF8.decodeUnsafe(buffer, length);
    if (path.startsWith(folder + "/")) return new Located(fd, String.UTF8.encode(path.substring(folder.length + 1)));
  }
  fail("no folder for " + path);
  return new Located(0, new ArrayBuffer(0));
}

function open(path: string, flags: u32, rights: u64): u32 {
  const at = locate(path);
  return path_open(at.fd, 0, changetype<usize>(at.rest), at.rest.byteLength, flags, rights, 0, 0, cell);
}

/** A whole file; null when there is none. */
export function readFile(path: string): Uint8Array | null {
  const error = open(path, 0, RIGHTS_READ);
  if (error == NOT_FOUND) return null;
  if (error != 0) fail("cannot open " + path + ", error " + error.toString());
  const fd = load<u32>(cell);
  fd_filestat_get(fd, cell);
  const size = <i32>load<u64>(cell, 32);
  const bytes = new Uint8Array(size);
  for (let at: i32 = 0; at < size; ) {
    store<u32>(cell, <u32>(bytes.dataStart + at));
    store<u32>(cell, size - at, 4);
    if (fd_read(fd, cell, 1, cell + 8) != 0) fail("cannot read " + path);
    at += load<i32>(cell, 8);
  }
  fd_close(fd);
  return bytes;
}

/** A whole file; ends the task when there is none. */
export function requireFile(path: string): Uint8Array {
  const bytes = readFile(path);
  if (bytes != null) return bytes;
  fail("there is no " + path);
  return new Uint8Array(0);
}

export function readText(path: string): string {
  const bytes = requireFile(path);
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

function writeAll(fd: u32, start: usize, length: i32): bool {
  for (let at: i32 = 0; at < length; ) {
    store<u32>(cell, <u32>(start + at));
    store<u32>(cell, length - at, 4);
    if (fd_write(fd, cell, 1, cell + 8) != 0) return false;
    at += load<i32>(cell, 8);
  }
  return true;
}

/** Writes `length` bytes (all by default) as a whole file. */
export function writeFile(path: string, bytes: Uint8Array, length: i32 = -1): void {
  const error = open(path, CREATE_AND_TRUNCATE, RIGHTS_WRITE);
  if (error != 0) fail("cannot create " + path + ", error " + error.toString());
  const fd = load<u32>(cell);
  if (!writeAll(fd, bytes.dataStart, length < 0 ? bytes.length : length)) fail("cannot write " + path);
  fd_close(fd);
}

export function writeText(path: string, text: string): void {
  writeFile(path, Uint8Array.wrap(String.UTF8.encode(text)));
}

/** Saves a checkpoint: a temporary file, then a rename, which is when the engine takes it. */
export function saveCheckpoint(name: string, bytes: Uint8Array, length: i32 = -1): void {
  writeFile("/ckpt/" + name + ".tmp", bytes, length);
  const from = locate("/ckpt/" + name + ".tmp");
  const to = locate("/ckpt/" + name);
  const error = path_rename(from.fd, changetype<usize>(from.rest), from.rest.byteLength, to.fd, changetype<usize>(to.rest), to.rest.byteLength);
  if (error != 0) fail("cannot rename a checkpoint, error " + error.toString());
}

/** A line on standard output. */
export function print(line: string): void {
  const bytes = String.UTF8.encode(line + "\n");
  writeAll(1, changetype<usize>(bytes), bytes.byteLength);
}

/** A line on standard error. */
export function printError(line: string): void {
  const bytes = String.UTF8.encode(line + "\n");
  writeAll(2, changetype<usize>(bytes), bytes.byteLength);
}

/** Progress: `done` of `total`, and a few plain words. */
export function progress(done: i64, total: i64, note: string): void {
  const thousandths = total == 0 ? 1000 : (done * 1000) / total;
  const fraction = thousandths >= 1000 ? "1" : "0." + thousandths.toString().padStart(3, "0");
  print('{"progress":' + fraction + ',"note":"' + note + '"}');
}

/** Ends the task with a message and exit code 1. */
export function fail(message: string): void {
  printError(message);
  proc_exit(1);
}

/** What the compiler calls when an assertion of its own fails. */
export function onAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  printError((message === null ? "abort" : message) + " at line " + line.toString());
  proc_exit(2);
}

/** The file system as the rest of the program sees it. Paths are absolute. Errors: DISK_FULL, DISK_ERROR, FILE_NOT_FOUND, FILE_TOO_LARGE. */

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other'
  readonly size: number
  /** Of kind `other`: a symbolic link, wherever it leads. */
  readonly link?: boolean
}

export interface FileEntry {
  /** Bytes that are not UTF-8 stand as `\xE9`: see `foreign`. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
  /** The name on the disk is not UTF-8: `name` shows it and cannot be opened. */
  readonly foreign?: boolean
}

export interface Files {
  /** Whole file; FILE_TOO_LARGE above `max` bytes (default 64 MiB). */
  read(path: string, options?: { max?: number }): Promise<Uint8Array>
  /** Chunks of a file, in order; `start` included, `end` excluded. */
  stream(
    path: string,
    options?: { start?: number; end?: number; signal?: AbortSignal }
  ): AsyncIterable<Uint8Array>
  /** All or nothing: temporary file beside it, fsync, rename, fsync of the folder. `mode` defaults to 0o600. */
  write(
    path: string,
    data: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mode?: number }
  ): Promise<void>
  /** Undefined when nothing is there. Symlinks are not followed. */
  stat(path: string): Promise<FileStat | undefined>
  list(path: string): Promise<FileEntry[]>
  /** Makes the folder and its parents; `mode` defaults to 0o700. */
  makeFolder(path: string, options?: { mode?: number }): Promise<void>
  /** Removes a file or a whole folder; silent when nothing is there. */
  remove(path: string): Promise<void>
  /** Replaces a file, or an empty folder by a folder; DISK_ERROR with `data.code` ENOTEMPTY when there is something in it. */
  rename(from: string, to: string): Promise<void>
  /** A fresh folder whose name begins with `prefix`. */
  temporaryFolder(prefix: string): Promise<string>
}

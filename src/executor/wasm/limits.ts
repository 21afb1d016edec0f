/** A page of WebAssembly memory. */
export const PAGE_BYTES = 65_536
/** 4 GiB: all that 32-bit addresses reach. */
export const MAX_PAGES = 65_536

/** Whole pages in so many bytes; at least one, at most all. */
export const pagesOf = (bytes: number): number =>
  Math.max(1, Math.min(MAX_PAGES, Math.floor(bytes / PAGE_BYTES)))

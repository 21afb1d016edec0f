/** Files in a task's input. */
export const MAX_INPUT_FILES = 65_536
/** Of all arguments and variables together, in bytes. */
export const MAX_ARGUMENT_BYTES = 65_536
/** A page of WebAssembly memory. */
export const PAGE_BYTES = 65_536
/** 4 GiB: all that 32-bit addresses reach. */
export const MAX_PAGES = 65_536

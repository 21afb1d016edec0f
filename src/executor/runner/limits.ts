/** Files in a task's input. */
export const MAX_INPUT_FILES = 65_536
/** Of all arguments and variables together, in bytes. */
export const MAX_ARGUMENT_BYTES = 65_536
/** Files and folders of /out, and of /ckpt by itself. */
export const MAX_NODES = 4096

/** Characters of a job or configuration file: ours are a screenful. The YAML parser takes up to half a second for the worst 64 KiB. */
export const SOURCE_MAX = 64 * 1024

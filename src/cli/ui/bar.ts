/** How far something is, from 0 to 1, as a bar of `width` characters. */
export const bar = (f: number, width: number): string => '█'.repeat(Math.round(f * width)).padEnd(width, '░')

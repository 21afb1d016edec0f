/** What Blender prints while it renders. */
import type { LineMeaning } from '../native/command-plan.ts'

const SAMPLE = /^Fra:\d+ .*\| Sample (\d{1,7})\/(\d{1,7})$/

/** Its thousands of status lines become progress; errors and warnings are log; the rest is dropped. */
export function parseBlenderLine(stream: 'out' | 'err', text: string): LineMeaning {
  const sample = SAMPLE.exec(text)
  if (sample !== null) {
    const [done, all] = [Number(sample[1]), Number(sample[2])]
    return all > 0 && done <= all ? { progress: done / all } : {}
  }
  if (text.startsWith('Fra:')) return {}
  if (stream === 'err' || /^(Error|Warning)\b|: (error|warning)\b|Traceback/i.test(text)) return { log: text }
  return {}
}

/** `Blender 3.4.1` as the program says it with --version. */
export const parseVersion = (text: string): string | undefined => /^Blender (\d+\.\d+\.\d+)/m.exec(text)?.[1]

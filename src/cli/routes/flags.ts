/** Flags that many commands share. */
import { parseDuration } from '../../protocol/units.ts'

const asIs = (s: string): string => s

export const homeFlags = {
  home: {
    kind: 'parsed',
    parse: asIs,
    optional: true,
    brief: 'DIR: Home folder of the peer (default: SHOAL_HOME, else the data folder)',
    placeholder: 'DIR'
  },
  profile: {
    kind: 'parsed',
    parse: asIs,
    optional: true,
    brief: 'NAME: Profile of your settings, each with a home of its own (default: SHOAL_PROFILE)',
    placeholder: 'NAME'
  },
  passphraseFile: {
    kind: 'parsed',
    parse: asIs,
    optional: true,
    brief: 'FILE: File whose first line opens the keys',
    placeholder: 'FILE'
  }
} as const
export const jsonFlag = {
  json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print JSON' }
} as const
export const yesFlag = {
  yes: { kind: 'boolean', default: false, withNegated: false, brief: 'Do not ask before money moves' }
} as const
export const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: asIs, optional: true, brief: `${placeholder}: ${brief}`, placeholder }) as const
export const needed = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: asIs, brief: `${placeholder}: ${brief}`, placeholder }) as const
export const list = (brief: string, placeholder: string) =>
  ({
    kind: 'parsed',
    parse: asIs,
    variadic: true,
    optional: true,
    brief: `${placeholder}: ${brief}`,
    placeholder
  }) as const
export const flag = (brief: string) =>
  ({ kind: 'boolean', default: false, withNegated: false, brief }) as const
export const whole = (brief: string, placeholder: string) =>
  ({
    kind: 'parsed',
    parse: (s: string): number => {
      if (!/^\d{1,9}$/.test(s)) throw new SyntaxError(`'${s}' is no whole number`)
      return Number(s)
    },
    optional: true,
    brief: `${placeholder}: ${brief}`,
    placeholder
  }) as const
/** Milliseconds, from `90s` or `1h30m`. */
export const duration = (brief: string) =>
  ({
    kind: 'parsed',
    parse: parseDuration,
    optional: true,
    brief: `DURATION: ${brief}`,
    placeholder: 'DURATION'
  }) as const
export const arg = (brief: string, placeholder: string) => ({ brief, placeholder, parse: asIs }) as const

/** What the files settings.yaml (a user's) and .shoal.yaml (a project's) may say. */
import { z } from 'zod'
import { amountText, durationText } from '../../peer/home/config-schema.ts'

/** A name that is safe as a folder name. */
export const PROFILE_NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/
const name = z
  .string()
  .regex(PROFILE_NAME, 'a profile is named with a-z, 0-9, dot, dash and underscore (at most 32)')

const caps = {
  /** No job may cost more without --max-price. */
  maxPrice: amountText.optional(),
  /** No job may take longer without --max-time. */
  maxTime: durationText.optional()
}

/** A project's file may come from a stranger: it can choose among the user's profiles and lower caps, nothing about keys. */
export const projectSchema = z.strictObject({ profile: name.optional(), ...caps })

const profile = z.strictObject({
  /** Home folder of the peer; `~` is the user's own folder. */
  home: z.string().min(1).optional(),
  passphraseFile: z.string().min(1).optional(),
  ...caps
})

export const userSchema = z.strictObject({
  profile: name.optional(),
  ...caps,
  profiles: z.record(name, profile).default({})
})

export type Project = z.output<typeof projectSchema>
export type UserSettings = z.output<typeof userSchema>

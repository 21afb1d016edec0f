/** Flags > environment > .shoal.yaml of this folder > settings.yaml of the user; but a project's caps only lower the user's. */
import { join } from 'node:path'
import type { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { parseAmount } from '../../protocol/money.ts'
import { parseDuration } from '../../protocol/units.ts'
import { describeIssue, worst } from '../../peer/jobfile/issues.ts'
import { isBlank, readSource } from '../../peer/jobfile/source.ts'
import type { Cli } from '../context.ts'
import { userFolders } from './folders.ts'
import { projectSchema, userSchema } from './schema.ts'

/** One value and who said it, for messages. */
export interface From<T> {
  readonly value: T
  readonly from: string
}

export interface Settings {
  /** Name of the profile to use. */
  readonly profile?: From<string>
  readonly maxPrice?: From<bigint>
  readonly maxTime?: From<number>
  readonly profiles: Readonly<Record<string, { home?: string; passphraseFile?: string }>>
  /** Where the user's file is or would be. */
  readonly userFile: string
}

const PROJECT_FILE = '.shoal.yaml'
const FILE_MAX = 64 * 1024
/** Keys that only the user's own file may have. */
const OWN = new Set(['profiles', 'home', 'passphraseFile'])

async function read<S extends z.ZodType>(
  cli: Cli,
  path: string,
  schema: S,
  userFile: string
): Promise<z.output<S> | undefined> {
  if ((await cli.files.stat(path)) === undefined) return undefined
  const text = new TextDecoder().decode(await cli.files.read(path, { max: FILE_MAX }))
  const source = readSource(isBlank(text) ? '{}' : text, {
    path,
    code: 'CONFIG_INVALID',
    expected: 'settings are a mapping of keys',
    next: line => `Edit ${path} at line ${line}.`
  })
  const result = schema.safeParse(source.tree, { reportInput: true })
  if (result.success) return result.data
  const issue = worst(result.error.issues)
  const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const said =
    key !== undefined && OWN.has(key)
      ? `'${key}' belongs into your own ${userFile}: a project's file must not choose keys`
      : describeIssue(issue, schema)
  return source.fail(source.place((issue?.path ?? []).map(String), key), said)
}

function variable<T>(cli: Cli, name: string, parse: (text: string) => T): From<T> | undefined {
  const text = cli.env[name]
  if (text === undefined) return undefined
  try {
    return { value: parse(text), from: name }
  } catch (e) {
    throw new ShoalError('CONFIG_INVALID', `${name}: ${(e as Error).message}`, {
      next: `Correct the environment variable ${name}, or unset it.`
    })
  }
}

const said = <T>(value: T | undefined, from: string): From<T> | undefined =>
  value === undefined ? undefined : { value, from }

/** A project's file may be a stranger's: it cannot allow more than the user does. */
function lower<T extends bigint | number>(project?: From<T>, user?: From<T>): From<T> | undefined {
  if (project === undefined || user === undefined) return project ?? user
  return project.value < user.value ? project : user
}

/** CONFIG_INVALID shows the place in a file, or names the variable. */
export async function loadSettings(cli: Cli, flags: { readonly profile?: string } = {}): Promise<Settings> {
  const userFile = join((await userFolders(cli)).config, 'settings.yaml')
  const user = await read(cli, userFile, userSchema, userFile)
  const project = await read(cli, join(cli.cwd, PROJECT_FILE), projectSchema, userFile)
  const where = `./${PROJECT_FILE}`
  const profile =
    said(flags.profile, '--profile') ??
    said(cli.env['SHOAL_PROFILE'], 'SHOAL_PROFILE') ??
    said(project?.profile, where) ??
    said(user?.profile, userFile)
  const own = profile === undefined ? undefined : user?.profiles[profile.value]
  return {
    profile,
    maxPrice:
      variable(cli, 'SHOAL_MAX_PRICE', parseAmount) ??
      lower(said(project?.maxPrice, where), said(own?.maxPrice ?? user?.maxPrice, userFile)),
    maxTime:
      variable(cli, 'SHOAL_MAX_TIME', parseDuration) ??
      lower(said(project?.maxTime, where), said(own?.maxTime ?? user?.maxTime, userFile)),
    profiles: user?.profiles ?? {},
    userFile
  }
}

/** The npm of this machine. */
import { spawn } from 'node:child_process'
import { ShoalError } from '../../protocol/errors.ts'
import type { NpmPort } from '../packs/install.ts'

const MAX_OUTPUT = 8192

/** What npm says about itself being set up for another project must not reach this one. */
function environment(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local)/i.test(name)
  )
  return { ...Object.fromEntries(kept), ...more }
}

/** npm's last lines as an error that says what to do. */
function failure(code: number | null, output: string): ShoalError {
  const known: readonly (readonly [RegExp, string, string])[] = [
    [
      /EINTEGRITY/,
      'a package has another hash than the one in our source',
      'Do not use it. Try another registry, and report it.'
    ],
    [
      /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|ENETUNREACH|ENOTCACHED|network/i,
      'the package registry cannot be reached',
      'Connect to the network, or set a registry that can be reached: npm config set registry URL'
    ],
    [/ENOSPC/, 'the disk is full', 'Free some space and try again.'],
    [
      /E404|ETARGET/,
      'the registry does not have the package',
      'Set another registry: npm config set registry URL'
    ]
  ]
  const [, what, next] = known.find(([pattern]) => pattern.test(output)) ?? [undefined, undefined, undefined]
  const line = output.split('\n').findLast(l => l.trim() !== '')
  return new ShoalError(
    'ENGINE_INSTALL',
    `npm: ${what ?? `ended with code ${code}: ${line?.slice(0, 200) ?? ''}`}`,
    {
      next: next ?? 'Try again; npm keeps a log of what it did.'
    }
  )
}

/** The user's own npm, with the user's own registry and cache. */
export const systemNpm: NpmPort = {
  run: (args, { cwd, env, signal }) =>
    new Promise((done, fail) => {
      const windows = process.platform === 'win32'
      const child = spawn(windows ? 'npm.cmd' : 'npm', args, {
        cwd,
        env: environment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: windows,
        signal
      })
      let output = ''
      for (const from of [child.stdout, child.stderr])
        from.setEncoding('utf8').on('data', (part: string) => {
          output = (output + part).slice(-MAX_OUTPUT)
        })
      child.once('error', cause => {
        if (signal.aborted) return fail(new ShoalError('CANCELLED', 'interrupted', { cause }))
        fail(
          new ShoalError('ENGINE_INSTALL', 'npm cannot be started', {
            next: 'Install npm (it comes with Node), then try again.',
            cause
          })
        )
      })
      child.once('close', code => {
        if (code === 0) done()
        else fail(failure(code, output))
      })
    })
}

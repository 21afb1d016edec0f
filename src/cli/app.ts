/** All commands. Only their flags and texts are loaded for --help. */
import { buildApplication, buildRouteMap, type Application } from '@stricli/core'
import type { Cli } from './context.ts'
import { disputeRoutes } from './routes/disputes.ts'
import { engineRoutes } from './routes/engine.ts'
import { jobRoutes } from './routes/jobs.ts'
import { networkRoutes } from './routes/network.ts'
import { peerRoutes } from './routes/peer.ts'
import { toolRoutes } from './routes/tools.ts'
import { textsFor } from './texts.ts'
import { VERSION } from './version.ts'

export const root = buildRouteMap({
  routes: {
    ...peerRoutes,
    ...jobRoutes,
    ...networkRoutes,
    ...disputeRoutes,
    ...engineRoutes,
    ...toolRoutes
  },
  docs: {
    brief: 'Shoal: a peer-to-peer market for compute',
    fullDescription: [
      'Sell cycles, buy cycles, with no server in the middle.',
      '',
      'Try it:      shoal demo',
      'Sell:        shoal init && shoal up',
      'Buy:         shoal run job.yaml --out DIR',
      'Look:        shoal top',
      'Stuck:       shoal doctor',
      'Each one:    shoal COMMAND --help',
      '',
      'Every command that prints data takes --json; errors are then {error:{code,message,next}} on standard error.',
      'Exit codes: 0 ok, 1 failed, 2 usage, 3 the job itself failed, 4 needs keys or funds, 130 Ctrl-C, 141 the reader left.',
      'Flags win over the environment, that over ./.shoal.yaml, that over ~/.config/shoal/settings.yaml (caps: the lower of the two).',
      'Environment: SHOAL_HOME, SHOAL_PROFILE, SHOAL_PASSPHRASE_FILE, SHOAL_PASSPHRASE, SHOAL_MAX_PRICE, SHOAL_MAX_TIME,',
      'SHOAL_MODE (full or light), SHOAL_RPC_URL, SHOAL_BOOTSTRAP, SHOAL_API_PORT, SHOAL_LOG.'
    ].join('\n')
  }
})

/** The application for one command line: its error texts name the command, as text or as JSON. */
export const appFor = (argv: readonly string[], json: boolean): Application<Cli> =>
  buildApplication(root, {
    name: 'shoal',
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: {
      caseStyle: 'convert-camel-to-kebab',
      disableAnsiColor: true,
      onlyRequiredInUsageLine: true
    },
    localization: { text: textsFor(argv, json) }
  })

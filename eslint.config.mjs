// Lint is the house's memory: which way imports run (docs/architecture.md, "Rooms"), which globals must come through ports.
import tseslint from 'typescript-eslint'

const DOMAINS = ['p2p', 'storage', 'executor', 'market', 'settlement']
const ABOVE = ['peer', 'api', 'cli', 'devnet']

/** Import patterns that a room may not use, seen from any depth below it. */
const forbid = (rooms, why) => ({
  group: rooms.flatMap(r => [`**/../${r}/**`, `../${r}/**`, `**/src/${r}/**`]),
  message: why
})

/** Node built-ins that reach the outside: only adapters may touch them. */
const OUTSIDE = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'tls',
  'dgram',
  'child_process',
  'timers',
  'timers/promises'
]
const builtins = OUTSIDE.flatMap(n => [n, `node:${n}`]).map(name => ({
  name,
  message:
    'Files, sockets, processes and timers come through ports (src/protocol/ports); only an adapters/ folder may import this.'
}))

const globals = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'fetch',
  'WebSocket'
].map(name => ({
  name,
  message: 'Use the Clock or another port of src/protocol/ports.'
}))
const properties = [
  { object: 'Date', property: 'now', message: 'Use Clock.now().' },
  { object: 'performance', property: 'now', message: 'Use Clock.monotonic().' },
  { object: 'Math', property: 'random', message: 'Use Random.' },
  { object: 'crypto', property: 'getRandomValues', message: 'Use Random.' },
  { object: 'crypto', property: 'randomUUID', message: 'Use Random.' },
  { object: 'AbortSignal', property: 'timeout', message: 'Use timeoutSignal(clock, ms).' }
]
const syntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Use Clock.now().' }
]

const room = (name, patterns) => ({
  files: [`src/${name}/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns, paths: builtins }] }
})
const adapters = (name, patterns) => ({
  files: [`src/${name}/**/adapters/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', { patterns }],
    'no-restricted-globals': 'off',
    'no-restricted-properties': 'off',
    'no-restricted-syntax': 'off'
  }
})
const rooms = [
  [
    'protocol',
    [forbid([...DOMAINS, ...ABOVE], 'src/protocol is the ground floor: it imports nothing of ours.')]
  ],
  ...DOMAINS.map(d => [
    d,
    [
      forbid(
        DOMAINS.filter(o => o !== d),
        'Domains do not import one another: declare a port in src/protocol and let src/peer hand it in.'
      ),
      forbid(ABOVE, 'Imports run one way: a domain knows nothing above it.')
    ]
  ]),
  ['peer', [forbid(['api', 'cli', 'devnet'], 'src/peer knows nothing above it.')]],
  ['api', [forbid(['cli', 'devnet'], 'src/api knows src/peer and src/protocol only.')]],
  ['devnet', [forbid(['cli'], 'src/devnet is driven by the commands, not the other way round.')]],
  ['cli', []]
]

export default tseslint.config(
  { ignores: ['**/node_modules/**', 'dist/**', 'contracts/**', 'examples/**', 'test/fixtures/**'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      'no-empty': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...globals],
      'no-restricted-properties': ['error', ...properties],
      'no-restricted-syntax': ['error', ...syntax],
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 350 }]
    }
  },
  ...rooms.map(([name, patterns]) => room(name, patterns)),
  ...rooms.map(([name, patterns]) => adapters(name, patterns))
)

/** Mistakes at the command line: flags, arguments, files, environment. Each runs in a folder of its own. */
import { GOOD } from './job-files.ts'

export interface LineMistake {
  readonly args: readonly string[]
  /** Files in the working folder; one that ends with / is a folder. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** A home with this config.yaml, its passphrase is `right`. */
  readonly config?: string
  readonly code: number
  readonly says: readonly string[]
}

const MINI = 'name: a\ntask: { module: a.wasm }\n'
const WASM = '\0asm\u0001\0\0\0'
const job = { 'job.yaml': GOOD }
const mini = { 'job.yaml': MINI, 'a.wasm': WASM }
const EMPTY = 'profile: light\n'

/** A wrong use of flags and arguments: code 2, and which help to read. */
const usage = (args: string, ...says: string[]): LineMistake => ({
  args: args.split(' '),
  code: 2,
  says: [...says, 'See: shoal']
})

const flags: readonly LineMistake[] = [
  usage('jbos', "no command 'jbos'", 'jobs'),
  usage('rnu job.yaml', 'run'),
  usage('Run job.yaml', "no command 'Run'"),
  usage('--verison', '--verison'),
  usage('wallet depost 5', 'depost'),
  usage('wallet deposit', 'AMOUNT'),
  usage('wallet withdraw 1 2', "'2'", 'too many'),
  usage('wallet protect --limit 5', '--beneficiary is missing'),
  usage(`wallet protect --beneficiary 0x${'1'.repeat(40)}`, '--limit is missing'),
  usage('wallet protect --beneficiary 0x12 --limit 5', '--beneficiary 0x12', '40 hex digits'),
  usage('wallet protect --beneficiary none', 'by its beneficiary alone', '--owner'),
  usage('wallet protect --beneficiary none --owner me', '--owner me', '40 hex digits'),
  usage('wallet protcet', 'protcet'),
  usage('disptues', "no command 'disptues'", 'disputes'),
  usage('disputes 0x1234', "'0x1234'", 'too many'),
  usage('disputes --jsn', '--jsn', '--json'),
  usage('rule', 'ID', '--provider'),
  usage('rule 0x1234', '--provider'),
  usage('rule 0x1234 0x5678 --provider 1%', "'0x5678'", 'too many'),
  usage('rule 0x1234 --provider 1% --slahs 2%', '--slahs', '--slash'),
  usage('run', 'SPEC'),
  usage('run a.yaml b.yaml', 'b.yaml', 'too many'),
  usage('run job.yaml --jsn', '--jsn', '--json'),
  usage('run job.yaml --coutn 3', '--coutn', '--count'),
  usage('run job.yaml --count three', '--count', 'three', 'whole number'),
  usage('run job.yaml --count 2.5', '--count', '2.5'),
  usage('run job.yaml --count -1', '--count', '-1'),
  usage('run job.yaml --count 99999999999', '--count', '99999999999'),
  usage('run job.yaml --count', '--count'),
  usage('run job.yaml --out a --out b', '--out'),
  usage('run job.yaml --out', '--out'),
  usage('run job.yaml -z', '-z'),
  usage('run job.yaml --yes=perhaps', '--yes', 'perhaps'),
  usage('up --slots many', '--slots', 'many'),
  usage('up --api-port 1e3', '--api-port', '1e3'),
  usage('run job.yaml --retries -1', '--retries', '-1'),
  usage('up now', "'now'", 'too many'),
  usage('logs', 'JOB'),
  usage('logs 0xabcdef --tail last', '--tail', 'last'),
  usage('logs 0xabcdef --shard x', '--shard', 'x'),
  usage('job', 'JOB'),
  usage('get', 'JOB'),
  usage('cancel', 'JOB'),
  usage('validate', 'SPEC'),
  usage('devnet --peers lots', '--peers', 'lots'),
  usage('chain --port http', '--port', 'http'),
  usage('init --light=2', '--light', '2'),
  usage('demo --kepe', '--kepe', '--keep')
]

/** Inputs that would be found wrong at a provider, or cost money for nothing: told by `validate`. */
const withInput = (
  lines: string,
  files: Readonly<Record<string, string>>,
  code: number,
  ...says: string[]
): LineMistake => ({
  ...{ args: ['validate', 'job.yaml'], code, says },
  files: { ...mini, ...files, 'job.yaml': `${MINI}${lines}\n` }
})
const SPLIT = 'inputs: { t: ./t.txt }\nsplit: { input: t }\ncount: 8'
const inputMistakes: readonly LineMistake[] = [
  withInput(
    SPLIT,
    { 't.txt': 'one\ntwo\r\nthree' },
    2,
    't.txt has 3 lines, too few for 8 shards',
    'count: 3'
  ),
  withInput(SPLIT, { 't.txt': '' }, 2, 'has 0 lines', "leave 'split' out"),
  withInput(SPLIT, { 't.txt': 'o\0n\0e\0\n\0t\0w\0o\0\n\0' }, 2, 'looks like UTF-16LE', 'iconv -f UTF-16LE'),
  withInput(
    'inputs: { t: ./t.txt }\nsplit: { input: t, by: bytes }\ncount: 8',
    { 't.txt': 'abc' },
    2,
    'has 3 bytes, too few for 8 shards'
  ),
  withInput(
    'inputs: { d: ./d }\nsplit: { input: d, by: files }\ncount: 3',
    { 'd/a': 'a', 'd/b': 'b' },
    2,
    "'d' has 2 files, too few for 3 shards",
    'count: 2'
  ),
  withInput(
    'inputs: { d: ./d }',
    { 'd/cafe\u0301.txt': 'x' },
    1,
    'one of the inputs cannot be sent',
    'cafe\\u0301.txt',
    '--nfc'
  ),
  withInput('inputs: { d: ./d }', { 'd/back\\slash': 'x' }, 1, 'has a backslash in its name', 'Rename it'),
  withInput(
    'inputs: { d: ./d }',
    { [`d/${'e/'.repeat(40)}leaf`]: 'x', 'd/cafe\u0301.txt': 'x' },
    1,
    '2 of the inputs cannot be sent',
    'deeper than 32 levels',
    'older Macs'
  ),
  withInput('inputs: { n: /dev/null }', {}, 1, '/dev/null is neither a file nor a folder'),
  withInput(
    'inputs: { d: ./d, d/x: ./y }',
    { 'd/x': '1', y: '2' },
    1,
    'would be d/x under /in, as',
    "keys of 'inputs'"
  )
]

const own: readonly LineMistake[] = [
  { args: ['devnet', '--peers', '0'], code: 2, says: ['--peers 0', '1 to 50'] },
  { args: ['devnet', '--peers', '51'], code: 2, says: ['--peers 51', '1 to 50'] },
  { args: ['chain', '--fund', 'me'], code: 2, says: ['--fund me', '40 hex digits'] },
  { args: ['chain', '--fund', `0x${'1'.repeat(40)}=lots`], code: 2, says: ['lots', 'no amount'] },
  {
    args: ['run', 'job.yaml', '-y', '--input', 'nothing'],
    files: job,
    code: 2,
    says: ['--input nothing', 'NAME=FILE']
  },
  {
    args: ['run', 'job.yaml', '-y', '--input', '=x'],
    files: job,
    code: 2,
    says: ['--input =x', 'NAME=FILE']
  },
  {
    args: ['run', 'job.yaml', '-y', '--input', '../up=x'],
    files: job,
    code: 2,
    says: ["without '..'", '--input']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'count'],
    files: job,
    code: 2,
    says: ['--set count', 'KEY=VALUE']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'cuont=3'],
    files: job,
    code: 2,
    says: ["'cuont'", "'count'", 'flag that sets cuont']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'limits.wal=3m'],
    files: job,
    code: 2,
    says: ["'wal'", "'wall'", 'flag that sets limits.wal']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'limits.wall=soon'],
    files: job,
    code: 2,
    says: ['limits.wall', 'flag that sets limits.wall']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'limits=soon'],
    files: job,
    code: 2,
    says: ['limits', 'expected mapping', 'flag that sets limits']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'a.b.c=1'],
    files: job,
    code: 2,
    says: ["unknown key 'a'", 'flag that sets a.b.c']
  },
  { args: ['run', 'job.yaml', '-y', '--set', '__proto__.x=1'], files: job, code: 2, says: ['__proto__'] },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'limits.wall=20m'],
    files: job,
    code: 2,
    says: ['longer than limits.wall', 'flag that sets limits.wall']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'deadline=30s'],
    files: job,
    code: 2,
    says: ['longer than limits.wall', 'flag that sets deadline']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'split.input=other'],
    files: job,
    code: 2,
    says: ["no input 'other'", 'flag that sets split.input']
  },
  {
    args: ['run', 'job.yaml', '-y', '--set', 'count=[1'],
    files: job,
    code: 2,
    says: ['--set count=[1', 'YAML']
  },
  {
    args: ['run', 'job.yaml', '-y', '--count', '0'],
    files: job,
    code: 2,
    says: ['count', 'at least 1', 'flag that sets count']
  },
  {
    args: ['run', 'job.yaml', '-y', '--count', '5000'],
    files: job,
    code: 2,
    says: ['count', 'at most 1024', 'flag that sets count']
  },
  {
    args: ['run', 'job.yaml', '-y', '--price', 'cheap'],
    files: job,
    code: 2,
    says: ['price.max', 'no amount', 'flag that sets price.max']
  },
  { args: ['run', 'job.yaml', '-y', '--price', '1,5'], files: job, code: 2, says: ['1,5', 'no amount'] },
  {
    args: ['run', 'job.yaml', '-y', '--max-time', '1m'],
    files: job,
    code: 2,
    says: ['longer than limits.wall', 'flag that sets deadline']
  },
  {
    args: ['run', 'job.yaml', '-y', '--max-price', 'little'],
    files: job,
    code: 2,
    says: ['price.max', 'no amount']
  },
  {
    args: ['run', 'job.yaml', '-y', '--retries', '99'],
    files: job,
    code: 2,
    says: ['retries', 'at most 16', 'flag that sets retries']
  },
  {
    args: ['up', '--until-idle', 'later'],
    config: EMPTY,
    code: 2,
    says: ['--until-idle later', 'such as 90s']
  },
  { args: ['logs', '0xabcdef', '--since', 'yore'], config: EMPTY, code: 2, says: ['--since yore'] },
  { args: ['offers', 'pirce<1'], config: EMPTY, code: 2, says: ['filter:1:1', "'price'", '^'] },
  { args: ['offers', '--group-by', 'regoin'], config: EMPTY, code: 2, says: ["'region'"] },
  { args: ['disputes'], code: 4, says: ['no Shoal home', 'shoal init'] },
  ...[
    ['--provider', 'half'],
    ['--provider', '101%'],
    ['--provider', '-1'],
    ['--provider', '60.125%'],
    ['--provider', '1e1'],
    ['--slash', 'all']
  ].map(([flag = '', share = '']) => ({
    args: ['rule', '0x1234', ...(flag === '--slash' ? ['--provider', '50%'] : []), flag, share],
    config: EMPTY,
    code: 2,
    says: [`${flag} ${share}`, 'no share', '0% to 100%']
  })),
  {
    args: ['wallet', 'protect', '--beneficiary', `0x${'1'.repeat(40)}`, '--limit', 'lots'],
    config: EMPTY,
    code: 2,
    says: ['lots', 'no amount']
  },
  {
    args: ['wallet', 'protect', '--beneficiary', `0x${'1'.repeat(40)}`, '--limit', '5'],
    config: EMPTY,
    code: 1,
    says: ['cannot undo it', 'Add -y']
  },
  { args: ['completion', 'tcsh'], code: 2, says: ['bash, zsh, fish'] },
  { args: ['down'], config: EMPTY, code: 1, says: ['no peer runs', 'shoal up'] },
  {
    args: ['init', '--home', 'h', '--rpc-url', 'localhost:8545'],
    code: 2,
    says: ['--rpc-url', 'chain.rpcUrl']
  },
  { args: ['init', '--home', 'h', '--bootstrap', '1.2.3.4'], code: 2, says: ['--bootstrap', '/ip4/'] }
]

const files: readonly LineMistake[] = [
  { args: ['run', 'none.yaml', '-y'], code: 1, says: ['no such file', 'none.yaml', 'Check the path'] },
  ...inputMistakes,
  { args: ['validate', 'none.yaml'], code: 1, says: ['no such file', 'none.yaml'] },
  { args: ['validate', 'folder'], files: { 'folder/': '' }, code: 1, says: ['folder', 'is a folder'] },
  { args: ['validate', 'a.wasm'], files: mini, code: 2, says: ['a.wasm:1:1', 'not text'] },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': '#'.repeat(70_000) },
    code: 2,
    says: ['larger than 65536']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': '#'.repeat(2_000_000) },
    code: 1,
    says: ['job.yaml', 'more than']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': '' },
    code: 2,
    says: ['job.yaml:1:1', 'mapping of keys']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { ...mini, 'job.yaml': MINI + 'inputs: { a: nowhere.txt }\n' },
    code: 1,
    says: ['input a', 'nowhere.txt', '--input a=FILE']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': MINI },
    code: 1,
    says: ['task.module', 'a.wasm', 'relative to its folder']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': MINI, 'a.wasm': 'text' },
    code: 1,
    says: ['task.module', 'not a WebAssembly module', 'wasm32-wasi']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { ...mini, 'job.yaml': MINI + 'gather: { module: b.wasm }\n' },
    code: 1,
    says: ['gather.module', 'b.wasm']
  },
  {
    args: ['validate', 'job.yaml'],
    files: {
      ...mini,
      'x/': '',
      'x/1': 'a',
      'x/2': 'b',
      'job.yaml': MINI + 'inputs: { x: ./x }\nsplit: { input: x }\n'
    },
    code: 2,
    says: ["'x' must be one file", 'by: files']
  },
  // each would take a parser seconds or minutes
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': `a: ${'['.repeat(60_000)}` },
    code: 2,
    says: ['job.yaml:1:36', 'nest at most 32 deep']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': `a: ${'{a: '.repeat(15_000)}` },
    code: 2,
    says: ['nest at most 32 deep']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': '- '.repeat(30_000) },
    code: 2,
    says: ['nest at most 32 deep']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': '? '.repeat(30_000) },
    code: 2,
    says: ['nest at most 32 deep']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': Array.from({ length: 340 }, (_, i) => `${' '.repeat(i)}a:`).join('\n') },
    code: 2,
    says: ['nest at most 32 deep']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': Array.from({ length: 7_000 }, (_, i) => `${i}:`).join('\n') },
    code: 2,
    says: ['at most 4096 keys']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': `a: "${'\\x'.repeat(30_000)}"` },
    code: 2,
    says: ['job.yaml:1:']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': `a: ${'!a '.repeat(21_000)}` },
    code: 2,
    says: ['job.yaml:1:']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': 'a: ]\n'.repeat(13_000) },
    code: 2,
    says: ['job.yaml:1:4']
  },
  {
    args: ['validate', 'job.yaml'],
    files: { 'job.yaml': Array.from({ length: 4_200 }, (_, i) => `${i}: &${i}`).join('\n') },
    code: 2,
    says: ['at most 4096 keys']
  },
  { args: ['init', '--home', 'h', '--network', 'none.json'], code: 1, says: ['no such file', 'none.json'] },
  {
    args: ['init', '--home', 'h', '--network', 'n.json'],
    files: { 'n.json': '{' },
    code: 2,
    says: ['network']
  },
  {
    args: ['init', '--home', 'h', '--network', 'n.json'],
    files: { 'n.json': '{}' },
    code: 2,
    says: ['network']
  }
]

const env: readonly LineMistake[] = [
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_MODE: 'heavy' },
    code: 2,
    says: ['SHOAL_MODE', 'full, light', 'unset it']
  },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_RPC_URL: 'nowhere' },
    code: 2,
    says: ['SHOAL_RPC_URL', 'chain.rpcUrl']
  },
  { args: ['up'], config: EMPTY, env: { SHOAL_RPC_URL: '' }, code: 2, says: ['SHOAL_RPC_URL'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_API_PORT: 'x' },
    code: 2,
    says: ['SHOAL_API_PORT', 'api.port', 'expected number']
  },
  { args: ['up'], config: EMPTY, env: { SHOAL_API_PORT: '' }, code: 2, says: ['SHOAL_API_PORT'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_API_PORT: '70000' },
    code: 2,
    says: ['SHOAL_API_PORT', 'at most 65535']
  },
  {
    args: ['up', '--set', 'provider.policy.power=battery'],
    config: EMPTY,
    code: 2,
    says: ['--set provider.policy.power', 'any, ac']
  },
  { args: ['up', '--set', 'slots'], config: EMPTY, code: 2, says: ['KEY=VALUE'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_PROVIDER_POLICY_TEMPERATURE_CPU: 'hot' },
    code: 2,
    says: ['SHOAL_PROVIDER_POLICY_TEMPERATURE_CPU', 'expected number']
  },
  { args: ['up'], config: EMPTY, env: { SHOAL_LOG: 'loud' }, code: 2, says: ['SHOAL_LOG', 'debug, info'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_BOOTSTRAP: '1.2.3.4:4001' },
    code: 2,
    says: ['SHOAL_BOOTSTRAP', '/ip4/']
  },
  { args: ['up'], env: { SHOAL_HOME: 'nowhere' }, code: 4, says: ['no Shoal home', 'shoal init'] },
  { args: ['up'], config: EMPTY, code: 4, says: ['passphrase', '--passphrase-file'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_PASSPHRASE: 'wrong' },
    code: 4,
    says: ['does not open the keys']
  },
  { args: ['up'], config: EMPTY, env: { SHOAL_PASSPHRASE: '' }, code: 4, says: ['passphrase'] },
  {
    args: ['up'],
    config: EMPTY,
    env: { SHOAL_PASSPHRASE_FILE: 'none' },
    code: 1,
    says: ['no such file', 'none']
  },
  { args: ['up', '--passphrase-file', 'none'], config: EMPTY, code: 1, says: ['no such file', 'none'] },
  { args: ['up', '--ask', 'free'], config: EMPTY, code: 2, says: ['--ask', 'provider.ask', 'no amount'] },
  {
    args: ['up', '--slots', '9999'],
    config: EMPTY,
    code: 2,
    says: ['--slots', 'provider.slots', 'at most 4096']
  },
  { args: ['up', '--api-port', '70000'], config: EMPTY, code: 2, says: ['--api-port', 'at most 65535'] },
  { args: ['up', '--rpc-url', 'x'], config: EMPTY, code: 2, says: ['--rpc-url', 'chain.rpcUrl'] },
  {
    args: ['up', '--light'],
    config: 'profile: light\n',
    env: { SHOAL_PASSPHRASE: 'right' },
    code: 2,
    says: ['no chain is configured', 'shoal devnet']
  },
  {
    args: ['jobs'],
    config: 'profile: light\n',
    env: { SHOAL_PASSPHRASE: 'right' },
    code: 2,
    says: ['no chain is configured', 'shoal up']
  },
  {
    args: ['jobs'],
    config: 'chain: { rpcUrl: "http://127.0.0.1:1" }\n',
    env: { SHOAL_PASSPHRASE: 'right' },
    code: 2,
    says: ['network.json', 'is missing']
  },
  {
    args: ['init', '--home', 'h'],
    env: { SHOAL_PASSPHRASE: 'x', SHOAL_KDF_COST: '3' },
    code: 2,
    says: ['SHOAL_KDF_COST', 'power of two']
  },
  {
    args: ['init'],
    config: EMPTY,
    env: { SHOAL_PASSPHRASE: 'x' },
    code: 1,
    says: ['already holds a Shoal home', '--home']
  },
  { args: ['init', '--home', 'h'], code: 4, says: ['passphrase', '--passphrase-file'] }
]

export const lineMistakes: readonly LineMistake[] = [...flags, ...own, ...files, ...env]

/** Mistakes in a job file, one at a time in a good one. */
export const GOOD = `name: wordcount
task:
  engine: wasm
  module: wordcount.wasm
  args: ["--top", 100]
  env: { LANG: C }
inputs: { text.txt: ./book.txt }
split: { input: text.txt, by: lines }
outputs: ["counts.tsv"]
count: 8
gather: { module: merge.wasm }
resources: { cpu: 1, memory: 128MiB, disk: 64MiB, gpu: none, class: general }
limits: { gas: 20e9, wall: 2m, log: 1MiB, output: 64MiB }
price: { max: "0.50", settle: auto }
match: { rule: best-value/1, window: 2s, bids: 8, region: any, energy: any }
verify: { tier: replicas, copies: 2 }
retries: 2
deadline: 10m
`

/** The line and column (from 1) at which `text` stands, as `3:11`. */
export function placeOf(file: string, text: string): string {
  const before = file.slice(0, file.indexOf(text)).split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/** What is replaced, by what, where the caret stands (text in the broken file), what the message must say. */
export type FileMistake = readonly [from: string, to: string, caret: string, ...says: string[]]

export const mistakes: readonly FileMistake[] = [
  ['name: wordcount', 'nmae: wordcount', 'nmae', "unknown key 'nmae'", "did you mean 'name'?"],
  ['deadline: 10m', 'dedline: 10m', 'dedline', "did you mean 'deadline'?"],
  ['memory: 128MiB', 'memroy: 128MiB', 'memroy', 'resources', "did you mean 'memory'?"],
  ['copies: 2', 'compare: { by: tolerance }', 'tolerance', 'verify.compare.by', 'only let lies pass'],
  ['copies: 2', 'compare: { by: bytes, step: 1 }', 'step', "belongs to 'by: quantised'"],
  ['copies: 2', 'compare: { by: likeness }', 'likeness', 'bytes, tolerance, quantised, pixels'],
  ['copies: 2', 'compare: { by: pixels, share: 2 }', '2 } }', 'verify.compare.share', '0.1'],
  ['copies: 2', 'compare: tolerance', 'tolerance', 'verify.compare', 'expected mapping'],
  ['copies: 2', 'copie: 2', 'copie', 'verify', "did you mean 'copies'?"],
  ['count: 8', 'count: 8\nfoo_bar_baz_qux: 1', 'foo_bar', 'known keys', 'deadline'],
  ['name: wordcount', 'name: word count', 'word count', 'name', 'letters, digits'],
  ['name: wordcount', 'name: ../../etc', '../../etc', 'name', 'letters, digits'],
  ['name: wordcount', 'name: [a]', '[a]', 'name', 'expected string'],
  ['engine: wasm', 'engine: python', 'python', 'task.engine', 'wasm'],
  ['  module: wordcount.wasm\n', '', 'engine: wasm', 'task.module', 'is missing'],
  ['module: wordcount.wasm', 'module: 5', '5', 'task.module', 'expected string'],
  ['module: wordcount.wasm', 'module: ""', '""', 'task.module'],
  ['args: ["--top", 100]', 'args: --top', '--top', 'task.args', 'expected array'],
  ['args: ["--top", 100]', 'args: [{ a: 1 }]', '{ a: 1 }', 'task.args.0'],
  ['env: { LANG: C }', 'env: { "1A": C }', '"1A"', 'task.env', 'a variable name'],
  ['env: { LANG: C }', 'env: [LANG]', '[LANG]', 'task.env'],
  [
    '{ text.txt: ./book.txt }',
    '{ ../text.txt: ./book.txt }',
    '../text.txt',
    'inputs',
    "relative path without '..'"
  ],
  ['{ text.txt: ./book.txt }', '{ text.txt: 5 }', '5 }', 'inputs.text.txt', 'expected string'],
  ['input: text.txt', 'input: other.txt', 'other.txt', 'split.input', 'text.txt'],
  ['by: lines', 'by: words', 'words', 'split.by', 'lines, bytes, files'],
  ['outputs: ["counts.tsv"]', 'outputs: ["/etc/passwd"]', '"/etc/passwd"', 'outputs.0', "without '..'"],
  ['count: 8', 'count: 0', '0\n', 'count', '1'],
  ['count: 8', 'count: 2.5', '2.5', 'count', 'int'],
  ['count: 8', 'count: 1025', '1025', 'count', '1024'],
  ['count: 8', 'count: "8"', '"8"', 'count', 'expected number'],
  ['gather: { module: merge.wasm }', 'gather: concatenate', 'concatenate', 'gather', 'concat'],
  ['cpu: 1', 'cpu: -1', '-1', 'resources.cpu'],
  ['memory: 128MiB', 'memory: 128 megs', '128 megs', 'resources.memory', 'such as 16GiB'],
  ['gpu: none', 'gpu: lots', 'lots, class', 'resources.gpu', 'such as 24GB'],
  ['class: general', 'class: huge', 'huge', 'resources.class', 'general, high-end, storage'],
  ['gas: 20e9', 'gas: lots', 'lots', 'limits.gas', 'such as 20e9'],
  ['gas: 20e9', 'gas: [1]', '[1]', 'limits.gas', 'string', 'number'],
  ['wall: 2m', 'wall: 2', '2, log', 'limits.wall', 'string'],
  ['wall: 2m', 'wall: soon', 'soon', 'limits.wall', '1h30m'],
  ['max: "0.50"', 'max: "-1"', '"-1"', 'price.max', 'no amount'],
  ['max: "0.50"', 'max: 1e30', '1e30', 'price.max'],
  ['settle: auto', 'settle: later', 'later', 'price.settle', 'auto, escrow'],
  ['rule: best-value/1', 'rule: cheapest', 'cheapest', 'match.rule', 'best-value/1'],
  ['bids: 8', 'bids: 100', '100, region', 'match.bids', '64'],
  ['tier: replicas', 'tier: jury', 'jury', 'verify.tier', 'none, replicas'],
  ['copies: 2', 'copies: 8', '8 }\nretries', 'verify.copies', '7'],
  ['retries: 2', 'retries: many', 'many', 'retries', 'expected number'],
  ['deadline: 10m', 'deadline: 1m', '1m\n', 'deadline', 'longer than limits.wall'],
  ['count: 8', 'count: 8\ncount: 9', 'count: 9', 'unique'],
  ['  engine: wasm', '\tengine: wasm', '\tengine', 'ab'],
  ['outputs: ["counts.tsv"]', 'outputs: ["counts.tsv"', 'count: 8'],
  ['name: wordcount', 'name: *nobody', '*nobody', 'nobody'],
  // wrong keys, one for each room of the file
  ['task:', 'tsak:', 'tsak', "unknown key 'tsak'", "did you mean 'task'?"],
  ['inputs:', 'input:', 'input:', "did you mean 'inputs'?"],
  ['outputs:', 'ouputs:', 'ouputs', "did you mean 'outputs'?"],
  ['limits:', 'limit:', 'limit:', "did you mean 'limits'?"],
  ['price:', 'prices:', 'prices', "did you mean 'price'?"],
  ['retries: 2', 'retry: 2', 'retry', "did you mean 'retries'?"],
  ['wall: 2m', 'walltime: 2m', 'walltime', "did you mean 'wall'?"],
  ['gas: 20e9', 'gass: 20e9', 'gass', "did you mean 'gas'?"],
  ['by: lines', 'By: lines', 'By', "did you mean 'by'?"],
  ['window: 2s', 'windows: 2s', 'windows', "did you mean 'window'?"],
  ['gpu: none', 'gpus: none', 'gpus', "did you mean 'gpu'?"],
  ['max: "0.50"', 'maximum: "0.50"', 'maximum', "did you mean 'max'?"],
  // units and amounts
  ['memory: 128MiB', 'memory: 128M', '128M', 'such as 16GiB'],
  ['memory: 128MiB', 'memory: 128mib', '128mib', 'such as 16GiB'],
  ['memory: 128MiB', 'memory: -1', '-1', 'such as 16GiB'],
  ['memory: 128MiB', 'memory: 1.5', '1.5', 'such as 16GiB'],
  ['memory: 128MiB', 'memory: 99999999TiB', '99999999TiB', 'such as 16GiB'],
  ['memory: 128MiB', 'memory: { a: 1 }', '{ a: 1 }', 'string or number'],
  ['wall: 2m', 'wall: 2 minutes', '2 minutes', 'such as 90s'],
  ['wall: 2m', 'wall: -2m', '-2m', 'such as 90s'],
  ['wall: 2m', 'wall: ""', '""', 'such as 90s'],
  ['wall: 2m', 'wall: 99999999999999d', '99999999999999d', 'too long'],
  ['deadline: 10m', 'deadline: tomorrow', 'tomorrow', 'such as 90s'],
  ['deadline: 10m', 'deadline: 2m', '2m\n', 'longer than limits.wall'],
  ['gas: 20e9', 'gas: 20.5', '20.5', 'such as 20e9'],
  ['gas: 20e9', 'gas: -5', '-5', 'such as 20e9'],
  ['max: "0.50"', 'max: 0,50', '50, settle', 'price', "unknown key '50'"],
  ['max: "0.50"', 'max: 1 SHL', '1 SHL', 'no amount'],
  ['max: "0.50"', 'max: .5.5', '.5.5', 'no amount'],
  ['max: "0.50"', 'max: "0.1234567890123456789"', '"0.1234567890123456789"', 'at most 18 places'],
  ['max: "0.50"', 'max: true', 'true', 'price.max'],
  // names and paths
  ['outputs: ["counts.tsv"]', 'outputs: counts.tsv', 'counts.tsv', 'outputs', 'expected array'],
  ['outputs: ["counts.tsv"]', 'outputs: ["../up"]', '"../up"', "without '..'"],
  ['{ text.txt: ./book.txt }', '{ /text.txt: ./book.txt }', '/text.txt', "without '..'"],
  ['{ text.txt: ./book.txt }', '[ ./book.txt ]', '[ ./book.txt ]', 'inputs', 'expected'],
  ['{ text.txt: ./book.txt }', '{ text.txt: "" }', '"" }', 'inputs.text.txt'],
  ['name: wordcount', 'name: .hidden', '.hidden', 'letters, digits'],
  ['name: wordcount', `name: ${'x'.repeat(65)}`, 'xxxxx', 'at most 64'],
  ['name: wordcount', 'name:', '\ntask', 'name', 'expected string'],
  // YAML itself
  ['count: 8', 'count 8', 'count 8', "'key: value'"],
  ['count: 8', 'count:8', 'count:8', 'space after the colon'],
  ['name: wordcount', 'name: "wordcount', '\ntask', 'closing'],
  ['count: 8', '? [a, b]\n: 8', '[a, b]', 'a key is plain text'],
  ['count: 8', '{ a: 1 }: 8', '{ a: 1 }', 'a key is plain text'],
  ['count: 8', `count: ${'['.repeat(40)}`, `${'['.repeat(8)}\n`, 'nest at most 32 deep'],
  ['count: 8', `count:\n  ${'- '.repeat(40)}x`, `${'- '.repeat(8)}x`, 'nest at most 32 deep'],
  ['count: 8', `${'? '.repeat(40)}x`, `${'? '.repeat(8)}x`, 'nest at most 32 deep'],
  ['count: 8', 'count: 8\nretries: 1', 'retries: 2', 'unique', 'retries'],
  [
    'verify: { tier: replicas, copies: 2 }',
    'verify: { tier: none, tier: replicas }',
    'tier: replicas',
    'unique'
  ],
  ['count: 8', 'count: \u0000', '\u0000', 'not text'],
  ['count: 8', 'count: \ufffd', '\ufffd', 'not text'],
  ['name: wordcount', '--- \nname: wordcount\n---\nname: b', '---\nname: b', 'one document']
]

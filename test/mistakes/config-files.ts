/** Mistakes in a peer's config.yaml: the whole text, where the caret stands, what the message must say. */
export const GOOD_CONFIG = `profile: full
chain: { rpcUrl: http://127.0.0.1:8545, poll: 500ms }
p2p: { listen: [/ip4/127.0.0.1/tcp/0], bootstrap: [] }
provider: { slots: 2, ask: 0.0002, memory: 1GiB, energy: grid }
lease: 6s
log: { level: info }
`

export const configMistakes: readonly (readonly [text: string, caret: string, ...says: string[]])[] = [
  ['profil: full', 'profil', "unknown key 'profil'", "did you mean 'profile'?"],
  ['profile: heavy', 'heavy', 'profile', 'full, light'],
  ['profile: full\nlaese: 3s', 'laese', "did you mean 'lease'?"],
  ['lease: 5', '5', 'lease', 'expected string'],
  ['lease: soon', 'soon', 'lease', 'such as 90s'],
  ['provider: { memry: 1GiB }', 'memry', 'provider', "did you mean 'memory'?"],
  ['provider: { memory: lots }', 'lots', 'provider.memory', 'such as 16GiB'],
  ['provider: { memory: 1.5 }', '1.5', 'provider.memory', 'such as 16GiB'],
  ['provider: { ask: free }', 'free', 'provider.ask', 'no amount'],
  ['provider: { ask: -1 }', '-1', 'provider.ask', 'no amount'],
  ['provider: { slots: two }', 'two', 'provider.slots', 'expected number'],
  ['provider: { slots: 2.5 }', '2.5', 'provider.slots', 'whole number'],
  ['provider: { slots: 5000 }', '5000', 'provider.slots', 'at most 4096'],
  ['provider: { energy: solar }', 'solar', 'provider.energy', 'unknown, grid, renewable'],
  ['provider: { engines: [python] }', 'python', 'provider.engines.0', 'wasm'],
  ['provider: { engines: wasm }', 'wasm', 'provider.engines', 'expected array'],
  ['provider: { beneficiary: me }', 'me', 'provider.beneficiary'],
  ['provider: { class: huge }', 'huge', 'provider.class', 'general'],
  ['provider: yes', 'yes', 'provider', 'expected mapping'],
  ['provider:\n  enabled: "yes"', '"yes"', 'provider.enabled', 'expected boolean'],
  ['chain: { rpcUrl: ftp://x }', 'ftp://x', 'chain.rpcUrl', 'http'],
  ['chain: { rpcUrl: localhost }', 'localhost', 'chain.rpcUrl', 'http'],
  ['chain: { rpc: http://127.0.0.1:1 }', 'rpc:', 'chain', "did you mean 'rpcUrl'?"],
  ['chain: { poll: 500 }', '500', 'chain.poll', 'expected string'],
  ['p2p: { listen: [127.0.0.1] }', '127.0.0.1', 'p2p.listen.0', '/ip4/'],
  ['p2p: { bootstrap: /ip4/1.2.3.4/tcp/1 }', '/ip4', 'p2p.bootstrap', 'expected array'],
  ['p2p: { mdns: maybe }', 'maybe', 'p2p.mdns', 'expected boolean'],
  ['api: { port: 70000 }', '70000', 'api.port', 'at most 65535'],
  ['api: { port: -1 }', '-1', 'api.port', 'at least 0'],
  ['log: { level: loud }', 'loud', 'log.level', 'debug, info'],
  ['wallet: { autoDeposit: all }', 'all }', 'wallet.autoDeposit', 'no amount'],
  ['maxInput: big', 'big', 'maxInput', 'such as 16GiB'],
  ['- a list', '- a list', 'mapping of keys'],
  ['just words', 'just words', 'mapping of keys'],
  ['log: {', '', 'config.yaml:1:7'],
  ['a: [', '', 'config.yaml:1:5'],
  ['log: *nobody', '*nobody', 'nobody'],
  ['log: { level: info }\nlog: { level: warn }', 'log: { level: warn', 'unique'],
  ['profile: full\n\tlog: x', '\tlog', 'spaces'],
  ['profile: "full', '', 'closing'],
  ['profile: \u0000', '\u0000', 'not text']
]

/** ONNX Runtime for Node. Only the runtime and its common part are kept: the others serve the installer, which does not run. */
import { pin, type EnginePack } from './pack.ts'

const PACKAGES = [
  pin(
    'adm-zip',
    '0.6.1',
    'sha512-Xwrja8nx9e5o2N1my4DsKCeKpdrnACyr1wtbPxBDgGzKzKyE9kRtBFA8mWldI+RVlD7CBZNWY/wQ2+ydwOR6kQ=='
  ),
  pin(
    'define-data-property',
    '1.1.4',
    'sha512-rBMvIzlpA8v6E+SJZoo++HAYqsLrkg7MSfIinMPFhmkorw7X+dOXVJQs+QT69zGkzMyfDnIMN2Wid1+NbL3T+A==',
    { 'es-define-property': '^1.0.0', 'es-errors': '^1.3.0', gopd: '^1.0.1' }
  ),
  pin(
    'define-properties',
    '1.2.1',
    'sha512-8QmQKqEASLd5nx0U1B1okLElbUuuttJ/AnYmRXbbbGDWh6uS208EjD4Xqq/I9wK7u0v6O08XhTWnt5XtEbR6Dg==',
    { 'define-data-property': '^1.0.1', 'has-property-descriptors': '^1.0.0', 'object-keys': '^1.1.1' }
  ),
  pin(
    'es-define-property',
    '1.0.1',
    'sha512-e3nRfgfUZ4rNGL232gUgX06QNyyez04KdjFrF+LTRoOXmrOgFKDg4BCdsjW8EnT69eqdYGmRpJwiPVYNrCaW3g=='
  ),
  pin(
    'es-errors',
    '1.3.0',
    'sha512-Zf5H2Kxt2xjTvbJvP2ZWLEICxA6j+hAmMzIlypy4xcBg1vKVnx89Wy0GbS+kf5cwCVFFzdCFh2XSCFNULS6csw=='
  ),
  pin(
    'escape-string-regexp',
    '4.0.0',
    'sha512-TtpcNJ3XAzx3Gq8sWRzJaVajRs0uVxA2YAkdb1jm2YkPz4G6egUFAyA3n5vtEIZefPk5Wa4UXbKuS5fKkJWdgA=='
  ),
  pin(
    'global-agent',
    '4.1.3',
    'sha512-KUJEViiuFT3I97t+GYMikLPJS2Lfo/S2F+DQuBWzuzaMPnvt5yyZePzArx36fBzpGTxZjIpDbXLeySLgh+k76g==',
    { globalthis: '^1.0.2', matcher: '^4.0.0', semver: '^7.3.5', 'serialize-error': '^8.1.0' }
  ),
  pin(
    'globalthis',
    '1.0.4',
    'sha512-DpLKbNU4WylpxJykQujfCcwYWiV/Jhm50Goo0wrVILAv5jOr9d+H+UR3PhSCD2rCCEIg0uc+G+muBTwD54JhDQ==',
    { 'define-properties': '^1.2.1', gopd: '^1.0.1' }
  ),
  pin(
    'gopd',
    '1.2.0',
    'sha512-ZUKRh6/kUFoAiTAtTYPZJ3hw9wNxx+BIBOijnlG9PnrJsCcSjs1wyyD6vJpaYtgnzDrKYRSqf3OO6Rfa93xsRg=='
  ),
  pin(
    'has-property-descriptors',
    '1.0.2',
    'sha512-55JNKuIW+vq4Ke1BjOTjM2YctQIvCT7GFzHwmfZPGo5wnrgkid0YQtnAleFSqumZm4az3n2BS+erby5ipJdgrg==',
    { 'es-define-property': '^1.0.0' }
  ),
  pin(
    'matcher',
    '4.0.0',
    'sha512-S6x5wmcDmsDRRU/c2dkccDwQPXoFczc5+HpQ2lON8pnvHlnvHAHj5WlLVvw6n6vNyHuVugYrFohYxbS+pvFpKQ==',
    { 'escape-string-regexp': '^4.0.0' }
  ),
  pin(
    'object-keys',
    '1.1.1',
    'sha512-NuAESUOUMrlIXOfHKzD6bpPu3tYt3xvjNdRIQ+FeT0lNb4K8WR70CaDxhuNguS2XG+GjkyMwOzsN5ZktImfhLA=='
  ),
  pin(
    'onnxruntime-common',
    '1.30.0',
    'sha512-7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA=='
  ),
  pin(
    'onnxruntime-node',
    '1.30.0',
    'sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==',
    { 'adm-zip': '^0.6.0', 'global-agent': '^4.1.3', 'onnxruntime-common': '1.30.0' }
  ),
  pin(
    'semver',
    '7.8.6',
    'sha512-9lpSSU4Mly3mrtruwLs1eLK6+gzbzqeBFwRNjIjE+9LuDpWdYctrQlQ3ej1Ilgi7gknpsTRnPoLP8DpCHqHIJw=='
  ),
  pin(
    'serialize-error',
    '8.1.0',
    'sha512-3NnuWfM6vBYoy5gZFvHiYsVbafvI9vZv/+jlIigFn4oP4zjNPK3LhcY0xSCgeb1a5L8jO71Mit9LlNoi2UfDDQ==',
    { 'type-fest': '^0.20.2' }
  ),
  pin(
    'type-fest',
    '0.20.2',
    'sha512-Ne+eE4r0/iWnpAxD852z3A+N0Bt5RN//NjJwRd2VFHEmrywxf5vsZlh4R6lixl6B+wz/8d+maTSAkN1FIkI3LQ=='
  )
]

export const onnxPack: EnginePack = {
  id: 'onnx',
  version: '1.30.0',
  main: 'onnxruntime-node',
  packages: PACKAGES,
  env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
  keep: (platform, arch) => [
    'onnxruntime-common',
    'onnxruntime-node/package.json',
    'onnxruntime-node/dist',
    `onnxruntime-node/bin/napi-v6/${platform}/${arch}`
  ],
  download: 111_000_000
}

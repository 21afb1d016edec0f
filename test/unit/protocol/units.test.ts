import { expect } from 'chai'
import fc from 'fast-check'
import { UINT128_MAX } from '../../../src/protocol/fields.ts'
import { formatAmount, parseAmount, shortAmount } from '../../../src/protocol/money.ts'
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseGas,
  parseSize,
  formatGasPrice,
  parseGasPrice
} from '../../../src/protocol/units.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { thrown } from '../../support/failures.ts'

const refuses = (parse: (s: string) => unknown, ...texts: string[]): void => {
  for (const text of texts) expect(thrown(() => parse(text), 'USAGE').fault, text).to.equal('user')
}
/** Whatever the text is: a value, or a USAGE. */
const neverBreaks = (parse: (s: string) => unknown): void =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.eE+KMGTiBhmsd -]{0,24}$/)), text => {
      try {
        parse(text)
      } catch (e) {
        if (!isShoalError(e, 'USAGE')) throw e
      }
    }),
    { numRuns: 500 }
  )

describe('sizes', () => {
  it('binary and decimal units mean what they say', () => {
    expect(parseSize('16GiB')).to.equal(17_179_869_184)
    expect(parseSize('128 MiB')).to.equal(134_217_728)
    expect(parseSize('1.5KiB')).to.equal(1536)
    expect(parseSize('1MB')).to.equal(1_000_000)
    expect(parseSize('2TB')).to.equal(2e12)
    expect(parseSize('7')).to.equal(7)
    expect(parseSize(7)).to.equal(7)
  })

  it('what is no size is refused', () => {
    refuses(
      parseSize,
      '',
      ' ',
      '16G',
      '16gib',
      '-1',
      '+1',
      '1e3',
      '0x10',
      '1,5KiB',
      'GiB',
      '1GiB2',
      '1 Gi B',
      '1constructor'
    )
    refuses(parseSize, '9'.repeat(400), '9007199254740993', '1e999', 'NaN', 'Infinity', '٣')
    for (const n of [-1, NaN, Infinity, 2 ** 53, 0.5]) thrown(() => parseSize(n), 'USAGE')
  })

  it('whole numbers of any unit are exact', () => {
    const factors = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, KB: 1e3, MB: 1e6, GB: 1e9 }
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...Object.entries(factors)), (n, [unit, factor]) => {
        expect(parseSize(`${n}${unit}`)).to.equal(n * factor)
      })
    )
  })

  it('no text breaks it', () => neverBreaks(parseSize))

  it('sizes for people', () => {
    expect(formatSize(0)).to.equal('0 B')
    expect(formatSize(1023)).to.equal('1023 B')
    expect(formatSize(1536)).to.equal('1.5 KiB')
    expect(formatSize(17_179_869_184)).to.equal('16.0 GiB')
  })
})

describe('durations', () => {
  it('parts add up', () => {
    expect(parseDuration('1h30m')).to.equal(5_400_000)
    expect(parseDuration('250ms')).to.equal(250)
    expect(parseDuration('1.5s')).to.equal(1500)
    expect(parseDuration(' 2d ')).to.equal(172_800_000)
  })

  it('what is no duration is refused', () => {
    refuses(
      parseDuration,
      '',
      '5',
      '1h30',
      'h',
      '1 h',
      '-1s',
      '1H',
      '1e3s',
      '1h 30m',
      '1w',
      '1.s',
      '.5s',
      '9'.repeat(400) + 'd'
    )
  })

  it('any sum of parts is exact', () => {
    const part = fc.tuple(
      fc.nat(1000),
      fc.constantFrom<[string, number]>(['ms', 1], ['s', 1e3], ['m', 6e4], ['h', 36e5], ['d', 864e5])
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), parts => {
        const text = parts.map(([n, [unit]]) => `${n}${unit}`).join('')
        expect(parseDuration(text)).to.equal(parts.reduce((sum, [n, [, ms]]) => sum + n * ms, 0))
      })
    )
  })

  it('no text breaks it', () => neverBreaks(parseDuration))

  it('durations for people', () => {
    expect(formatDuration(59_400)).to.equal('59s')
    expect(formatDuration(61_000)).to.equal('1m01s')
    expect(formatDuration(5_400_000)).to.equal('1h30m')
  })
})

describe('gas', () => {
  it('short forms and what YAML makes of them are exact', () => {
    expect(parseGas('20e9')).to.equal(20_000_000_000n)
    expect(parseGas('1E3')).to.equal(1000n)
    expect(parseGas(20e9)).to.equal(20_000_000_000n)
    expect(parseGas(1e21)).to.equal(10n ** 21n)
    expect(parseGas('18446744073709551617')).to.equal(2n ** 64n + 1n)
  })

  it('what is no whole number is refused', () => {
    refuses(parseGas, '', 'e9', '1.5', '1e', '-1', '1e100', '0x10', '1 000', 'NaN')
  })

  it('a stray plus sign does not join two numbers', () => {
    refuses(parseGas, '2+0', '5+', '+5', '1+e9')
  })

  it('no text breaks it', () => neverBreaks(parseGas))
})

describe('prices of gas', () => {
  it('are exact to the wei', () => {
    expect(parseGasPrice('30gwei')).to.equal(30_000_000_000n)
    expect(parseGasPrice('0.05 gwei')).to.equal(50_000_000n)
    expect(parseGasPrice('0.000000001')).to.equal(1n)
    expect(parseGasPrice(200)).to.equal(200_000_000_000n)
  })

  it('what is none is refused, and so is nothing at all', () => {
    refuses(parseGasPrice, '', '0', '0.0', '-1', '1e9', '0x10', '1.0000000001', '5 wei', '5 eth', '1,5')
  })

  it('no text breaks it', () => neverBreaks(parseGasPrice))

  it('are written for people as they are read', () => {
    for (const wei of [1n, 50_000_000n, 30_000_000_000n, 123_456_789_012n])
      expect(parseGasPrice(formatGasPrice(wei))).to.equal(wei)
    expect(formatGasPrice(1_500_000_000n)).to.equal('1.5 gwei')
  })
})

describe('amounts', () => {
  it('decimal text is exact to the last place', () => {
    expect(parseAmount('0.50')).to.equal(500_000_000_000_000_000n)
    expect(parseAmount('0.000000000000000001')).to.equal(1n)
    expect(parseAmount('1')).to.equal(10n ** 18n)
  })

  it('what is no amount is refused', () => {
    refuses(
      parseAmount,
      '',
      '.5',
      '1.',
      '-1',
      '+1',
      '1e18',
      '0,5',
      '1 SHL',
      '0x1',
      'NaN',
      '0.0000000000000000001',
      '1'.repeat(21)
    )
  })

  it('format and parse are each other’s inverse', () => {
    const max = 10n ** 38n - 1n
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max }), n => {
        expect(parseAmount(formatAmount(n))).to.equal(n)
      })
    )
  })

  it('no text gives more than a contract can hold', () => {
    expect(parseAmount('9'.repeat(20) + '.' + '9'.repeat(18)) <= UINT128_MAX).to.equal(true)
  })

  it('no text breaks it', () => neverBreaks(parseAmount))

  it('negative amounts and short forms for people', () => {
    expect(formatAmount(-5n * 10n ** 17n)).to.equal('-0.5')
    expect(shortAmount(495_000_000_000_000_000n)).to.equal('0.4950')
    expect(shortAmount(10n ** 18n, 2)).to.equal('1.00')
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AnsiText, linesMax, markedLine, textOfLine } from '../../src/dashboard/model/ansi.ts'
import { histogram, percentile, tooksOf } from '../../src/dashboard/model/durations.ts'
import { item } from './items.ts'

const read = (...chunks: readonly string[]): AnsiText => {
  const text = new AnsiText()
  for (const chunk of chunks) text.push(chunk)
  return text
}
const texts = (text: AnsiText): readonly string[] => text.lines().map(textOfLine)

describe('output of a command', () => {
  test('its colours become classes, and end where the command ends them', () => {
    const [line] = read('\x1b[1;31merror\x1b[0m plain \x1b[92mfine\x1b[39m').lines()
    assert.deepEqual(line, [
      { text: 'error', look: 'bold fore-1' },
      { text: ' plain ', look: '' },
      { text: 'fine', look: 'fore-10' },
    ])
  })

  test('reads the same wherever its chunks are cut', () => {
    const all = 'a\x1b[38;5;3mb\x1b[0m\r\n\x1b]0;title\x07c\x1b[2Kd\ne'
    const whole = JSON.stringify(read(all).lines())
    for (let cut = 0; cut <= all.length; cut += 1) {
      const parts = read(all.slice(0, cut), all.slice(cut))
      const merged = parts.lines().map(textOfLine)
      assert.deepEqual(merged, read(all).lines().map(textOfLine), `cut at ${cut}`)
    }
    assert.ok(whole.includes('fore-3'))
    assert.deepEqual(texts(read(all)), ['ab', 'cd', 'e'])
  })

  test('is text, never markup: sequences are dropped, control characters are shown', () => {
    assert.deepEqual(texts(read('<b>\x00\x07\x1b[?25l\x1b(B</b>')), ['<b>␀␇</b>'])
    assert.deepEqual(texts(read('\x1b[38;2;1;2;3mx\x1b[48;5;200my')), ['xy'])
  })

  test('a bar of progress overwrites its line; a carriage return alone erases nothing', () => {
    assert.deepEqual(texts(read('10 %\r', '20 %\r', '30 %')), ['30 %'])
    assert.deepEqual(texts(read('done\r\nnext')), ['done', 'next'])
    assert.deepEqual(texts(read('done\r')), ['done'])
  })

  test('holds no more lines than its limit, and counts what it let go', () => {
    const text = read('x\n'.repeat(linesMax * 2))
    assert.ok(text.lines().length <= linesMax * 1.1)
    assert.equal(text.lines().length + text.dropped, linesMax * 2)
    assert.ok(read('y'.repeat(50_000), 'z').lines().length > 1, 'a line without end is broken')
  })

  test('a search marks every match, whatever the capitals', () => {
    const parts = markedLine([{ text: 'Row 1 of row', look: 'dim' }], 'ROW')
    assert.deepEqual(
      parts.map(({ text, isMatch }) => (isMatch ? `[${text}]` : text)).join(''),
      '[Row] 1 of [row]',
    )
    assert.ok(markedLine([{ text: 'a', look: '' }], '').every(({ isMatch }) => !isMatch))
  })
})

describe('durations', () => {
  const took = (
    ms: number,
    changes: Partial<ReturnType<typeof item>> = {},
  ): ReturnType<typeof item> =>
    item({
      id: `x@${ms}`,
      startedAt: '2027-03-01T12:00:00.000Z',
      finishedAt: new Date(Date.parse('2027-03-01T12:00:00.000Z') + ms).toISOString(),
      ...changes,
    })

  test('each lies in exactly one bin of a histogram', () => {
    for (const all of [[0], [5, 5, 5], [1, 90, 91, 100], [1, 10, 100_000], [999, 1_000, 1_001]]) {
      const bins = histogram(tooksOf(all.map((ms) => took(ms))))
      const sum = bins.reduce((total, { good, bad }) => total + good + bad, 0)
      assert.equal(sum, all.length, all.join())
      assert.ok(bins.length <= 20, `${bins.length} bins for ${all.join()}`)
      assert.ok(bins.every((bin, i) => i === 0 || bin.fromMs === bins[i - 1]!.toMs))
    }
    assert.deepEqual(histogram([]), [])
  })

  test('what failed is counted apart, and what never started is left out', () => {
    const tooks = tooksOf([
      took(10),
      took(12, { outcome: 'failure' }),
      took(0, { startedAt: null, finishedAt: null }),
    ])
    assert.equal(tooks.length, 2)
    assert.equal(
      histogram(tooks).reduce((sum, { bad }) => sum + bad, 0),
      1,
    )
  })

  test('percentiles are of what there is', () => {
    const tooks = tooksOf([1, 2, 3, 4].map((ms) => took(ms)))
    assert.equal(percentile(tooks, 0.5), 3)
    assert.equal(percentile(tooks, 1), 4)
    assert.equal(percentile([], 0.5), undefined)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseDocument } from '../../src/core/jobs/document.ts'
import { clockChangeNotes } from '../../src/dashboard/model/clock-change.ts'
import { emptyRuns, fieldGroups, runKindOf, valueAt } from '../../src/dashboard/model/form.ts'
import { isSame, mergeDocuments } from '../../src/dashboard/model/merge.ts'
import { templates } from '../../src/dashboard/model/templates.ts'
import { joinWords, splitWords } from '../../src/dashboard/model/words.ts'
import { parseYaml, printYaml, setInYaml } from '../../src/dashboard/model/yaml-text.ts'

const read = { nowMs: Date.parse('2027-03-01T12:00:00.000Z'), defaultTimezone: 'UTC' }

describe('templates', () => {
  for (const { name, document } of templates) {
    test(`${name} is a job as it stands, and is called so`, () => {
      assert.ok(parseDocument(document, read).ok)
      assert.equal(document['name'], name)
    })
  }
})

describe('form and YAML', () => {
  const text =
    '# nightly\nname: backup\nschedule: 30 2 * * * # local time\nrun:\n  shell: echo hi\nlabels: {team: ops}\n'

  test('a change in the form keeps comments, order, and what the form does not show', () => {
    const next = setInYaml(text, ['retry', 'max'], 2)
    assert.ok(next.startsWith('# nightly\nname: backup\nschedule: 30 2 * * * # local time\n'), next)
    assert.deepEqual(parseYaml(next).document!['retry'], { max: 2 })
    assert.deepEqual(parseYaml(next).document!['labels'], { team: 'ops' })
  })

  test('an emptied field leaves nothing behind', () => {
    const next = setInYaml(setInYaml(text, ['retry', 'max'], 2), ['retry', 'max'], undefined)
    assert.ok(!next.includes('retry'), next)
    assert.equal(setInYaml(text, ['timeout'], undefined), parsedBack(text))
  })

  test('every field reads what it wrote, through the YAML', () => {
    const values: Readonly<Record<string, string>> = {
      name: 'x.y',
      exec: `echo 'a b' "c"`,
      schedule: '@daily\n0 5 * * *',
      tags: 'site=field\nrole=web',
      env: 'A=1=2\nB=',
      every: 'true',
      retries: '3',
      overlap: 'allow',
      misfire: 'skip',
      dst: 'strict',
      retryWhere: 'any',
      method: 'POST',
    }
    for (const kind of ['exec', 'shell', 'http']) {
      const document = { name: 'x', run: emptyRuns[kind] as { [kind]: unknown } }
      for (const { fields } of fieldGroups(document, true)) {
        for (const field of fields) {
          const value = values[field.key] ?? '10m'
          const after = setInYaml(printYaml(document), field.path, field.write(value))
          const shown = field.read(valueAt(parseYaml(after).document, field.path))
          const expected = field.key === 'exec' ? joinWords(splitWords(value)) : value
          assert.equal(shown, expected, field.key)
          const emptied = setInYaml(after, field.path, field.write(''))
          if (field.key !== 'exec')
            assert.equal(valueAt(parseYaml(emptied).document, field.path), undefined, field.key)
        }
      }
    }
  })

  test('fields of one map write beside each other', () => {
    const fields = fieldGroups({ name: 'x' }, false).flatMap(({ fields }) => fields)
    const written = (given: Readonly<Record<string, string>>, first: object): unknown =>
      Object.entries(given).reduce(
        (text, [key, value]) => {
          const field = fields.find((one) => one.key === key)!
          const before = valueAt(parseYaml(text).document, field.path)
          return setInYaml(text, field.path, field.write(value, before))
        },
        printYaml({ name: 'x', ...first }),
      )
    const delivered = written({ roster: 'a\nb\nc', minority: 'hold' }, {})
    assert.deepEqual(parseYaml(String(delivered)).document!['delivery'], {
      mode: 'at-most-once',
      roster: ['a', 'b', 'c'],
      minority: 'hold',
    })
    const mode = written({ minority: 'hold', delivery: 'at-least-once' }, {})
    assert.match(String(mode), /minority: hold[^]*mode: at-least-once/)
    assert.match(
      String(written({ minority: '' }, parseYaml(String(mode)).document!)),
      /^delivery: at-least-once$/m,
    )
    const params = { params: { level: { enum: ['low', 'high'], default: 'low' } } }
    const named = parseYaml(String(written({ params: 'level=high\ntarget' }, params))).document!
    assert.deepEqual(named['params'], {
      level: { enum: ['low', 'high'], default: 'high' },
      target: {},
    })
    const after = parseYaml(String(written({ after: 'a\nb: failure' }, {}))).document!['after']
    assert.deepEqual(after, [{ job: 'a' }, { job: 'b', on: 'failure' }])
  })

  test('text that is no document is told, and stays untouched', () => {
    assert.match(parseYaml('name: [').error ?? '', /line 1/)
    assert.match(parseYaml('- a').error ?? '', /one job/)
    assert.equal(setInYaml('- a\n', ['name'], 'x'), '- a\n')
    assert.deepEqual(parseYaml(setInYaml('', ['name'], 'x')).document, { name: 'x' })
  })

  test('the kind of executor follows the document', () => {
    assert.equal(runKindOf({ run: { shell: 'x' } }), 'shell')
    assert.equal(runKindOf({ run: { mqtt: {} } }), '')
    assert.equal(runKindOf({}), '')
  })
})

/** As the printer writes it when nothing changes. */
const parsedBack = (text: string): string => setInYaml(text, ['name'], 'backup')

describe('a command line in one field', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['echo hi', ['echo', 'hi']],
    [`echo 'a b' "c 'd'"`, ['echo', 'a b', "c 'd'"]],
    [`a "" ''`, ['a', '', '']],
    ['a\\ b "q\\"q" $X;|', ['a b', 'q"q', '$X;|']],
    ['   ', []],
  ]
  for (const [line, words] of cases) {
    test(`splits ${JSON.stringify(line)}, and joins so that it splits alike`, () => {
      assert.deepEqual(splitWords(line), words)
      assert.deepEqual(splitWords(joinWords(words)), words)
    })
  }
})

describe('three versions', () => {
  const base = { name: 'x', schedule: '@daily', retry: { max: 1, base: '5s' }, timeout: '1m' }

  test('changes of different fields go together, also inside one map', () => {
    const ours = { ...base, retry: { max: 3, base: '5s' } }
    const { timeout: _, ...without } = { ...base, retry: { max: 1, base: '9s' } }
    assert.deepEqual(mergeDocuments(base, ours, without), {
      document: { name: 'x', schedule: '@daily', retry: { max: 3, base: '9s' } },
      clashes: [],
    })
  })

  test('one field changed by both is a clash; the same change by both is none', () => {
    const ours = { ...base, schedule: '@hourly', timeout: '2m' }
    const theirs = { ...base, schedule: '@weekly', timeout: '2m' }
    const { document, clashes } = mergeDocuments(base, ours, theirs)
    assert.deepEqual(clashes, ['schedule'])
    assert.equal(document['schedule'], '@hourly')
  })

  test('the order of keys is no difference', () => {
    assert.ok(isSame({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }))
    assert.ok(!isSame({ a: [1, 2] }, { a: [2, 1] }))
  })
})

describe('notes about changes of the clock', () => {
  const nowMs = read.nowMs
  test('say what the rule makes of a tick that does not exist or exists twice', () => {
    const berlin = { schedule: '30 2 * * *', timezone: 'Europe/Berlin' }
    assert.deepEqual(clockChangeNotes('x', berlin, nowMs), [
      'Sun 28 Mar 2027: clocks go forward 1 h; ticks around it at 03:00',
      'Sun 31 Oct 2027: clocks go back 1 h; ticks around it at 02:30',
    ])
    const strict = clockChangeNotes('x', { ...berlin, dst: 'strict' }, nowMs)
    assert.deepEqual(strict, [
      'Sun 31 Oct 2027: clocks go back 1 h; ticks around it at 02:30, 02:30',
    ])
  })

  test('are left out where nothing is noticed', () => {
    for (const [schedule, timezone] of [
      ['@every 1h', 'Europe/Berlin'],
      ['30 2 * * *', 'UTC'],
      ['0 12 * * *', 'Europe/Berlin'],
      ['* * * * *', 'Europe/Berlin'],
      ['nonsense', 'Europe/Berlin'],
      ['30 2 * * *', 'Nowhere/At_All'],
    ]) {
      assert.deepEqual(
        clockChangeNotes('x', { schedule, timezone }, nowMs),
        [],
        `${schedule} ${timezone}`,
      )
    }
  })
})

test('a picture of the fleet shows whoever is gone apart', async () => {
  const { spotsOf, topologyText } = await import('../../src/dashboard/model/topology.ts')
  const { members } = await import('../adapters/http/fake-api.ts')
  const [own, gone] = spotsOf(members)
  assert.ok(own!.isSelf && own!.tripMs === undefined)
  assert.equal(gone!.tone, 'lost')
  assert.equal(gone!.tripMs, undefined, 'a link that is gone has no round trip')
  assert.equal(
    topologyText(members, true),
    'barn sees 0 of 1 other members. 1 cannot be reached: switched off, or on an island. It counts itself as cut off from the fleet.',
  )
})

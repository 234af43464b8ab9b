// The picture of jobs that start after each other, and calendars in words.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { obeying, rulesText } from '../../src/dashboard/model/calendar.ts'
import { boxSize, graphOf, graphText } from '../../src/dashboard/model/graph.ts'
import { hello, night } from '../adapters/http/fake-api.ts'

type Edge = readonly [child: string, on: 'success' | 'failure', parent: string]

/** Jobs with these edges, in both directions as the API tells them. */
function jobsOf(names: readonly string[], edges: readonly Edge[]) {
  return names.map((name) => {
    const after = edges.filter(([child]) => child === name).map(([, on, job]) => ({ job, on }))
    const before = edges.filter(([, , parent]) => parent === name).map(([child]) => child)
    return { ...hello, name, dependencies: { ...hello.dependencies, after, before } }
  })
}

const diamond = jobsOf(
  ['a', 'b', 'c', 'd', 'alone'],
  [
    ['b', 'success', 'a'],
    ['c', 'failure', 'a'],
    ['d', 'success', 'b'],
    ['d', 'success', 'c'],
  ],
)

describe('graph', () => {
  test('a job stands right of all that it waits for, and no two stand on one spot', () => {
    const graph = graphOf(diamond, 'c')!
    const at = new Map(graph.spots.map((spot) => [spot.name, spot]))
    assert.deepEqual([...at.keys()].sort(), ['a', 'b', 'c', 'd'])
    for (const { from, to } of graph.ways) assert.ok(from.x + boxSize.width < to.x)
    assert.equal(new Set(graph.spots.map(({ x, y }) => `${x} ${y}`)).size, 4)
    assert.ok(graph.spots.every(({ x }) => x + boxSize.width <= graph.width))
  })

  test('it is told in words, too', () => {
    assert.match(graphText(graphOf(diamond, 'a')!), /c after failure of a/)
  })

  test('a job without any has no picture', () => {
    assert.equal(graphOf(diamond, 'alone'), undefined)
    assert.equal(graphOf([], 'gone'), undefined)
  })

  test('a cycle is drawn and ends', () => {
    const cycle = jobsOf(
      ['x', 'y'],
      [
        ['x', 'success', 'y'],
        ['y', 'success', 'x'],
      ],
    )
    assert.equal(graphOf(cycle, 'x')!.ways.length, 2)
  })

  test('a long chain is cut and says so', () => {
    const names = Array.from({ length: 130 }, (_, i) => `j${i}`)
    const chain = names.slice(1).map((name, i): Edge => [name, 'success', names[i]!])
    const graph = graphOf(jobsOf(names, chain), 'j0')!
    assert.deepEqual([graph.spots.length, graph.left], [100, 30])
  })
})

describe('calendars', () => {
  test('rules are sentences', () => {
    const rules = [
      { kind: 'deny', dates: ['2026-12-25'] },
      { kind: 'allow', daily: '08:00-18:00', days: ['mon', 'fri'] },
      { kind: 'deny', cron: '0 0 * * SAT', for: '48h' },
      { kind: 'deny', range: { from: '2027-01-01', to: '2027-01-02' } },
      { kind: 'deny', yearly: ['12-24/12-26'] },
    ]
    assert.deepEqual(rulesText({ document: { ...night.document, rules } }), [
      'deny on 2026-12-25',
      'allow 08:00-18:00 on mon, fri',
      'deny for 48h from each 0 0 * * SAT',
      'deny from 2027-01-01 to 2027-01-02',
      'deny every year on 12-24/12-26',
    ])
  })

  test('jobs obey what they name, and freeze unless they say otherwise', () => {
    const job = (name: string, more: object) => ({ name, document: { ...hello.document, ...more } })
    const jobs = [
      job('a', { calendars: ['night'] }),
      job('b', { calendars: [{ name: 'night', onDeny: 'shift' }] }),
      job('c', { ignoreFreeze: true }),
      job('d', { calendars: 'night' }),
    ]
    assert.deepEqual(obeying('night', jobs), ['a', 'b', 'd'])
    assert.deepEqual(obeying('freeze', jobs), ['a', 'b', 'd'])
  })
})

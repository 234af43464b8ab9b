// Which directions a partition cuts.

import type { Random } from '../core/random.ts'
import { hits, pick, shuffled } from './chance.ts'
import type { Fleet } from './fleet.ts'
import type { NodeIndex } from './history.ts'

/** From one node to another. */
export type Direction = readonly [from: NodeIndex, to: NodeIndex]

/** Draws the directions of one trouble between nodes. */
export function drawCuts(
  random: Random,
  name: 'partition' | 'link' | 'one-way',
  fleet: Fleet,
): readonly Direction[] {
  const nodes = shuffled(
    random,
    fleet.machines.map(({ index }) => index),
  )
  if (nodes.length < 2) return []
  const [a, b] = nodes as [NodeIndex, NodeIndex]
  if (name === 'link') return both([a], [b])
  if (name === 'one-way') {
    const others = nodes.slice(1)
    return pick(random, [between([a], [b]), between([a], others), between(others, [a])])
  }
  const [one, other] = split(random, nodes, fleet)
  return hits(random, 0.2) ? between(one, other) : both(one, other)
}

/** Two sides: one node alone, halves, any number, or the sites that nodes are tagged with. */
function split(
  random: Random,
  nodes: readonly NodeIndex[],
  fleet: Fleet,
): readonly [readonly NodeIndex[], readonly NodeIndex[]] {
  const at = (size: number): readonly [readonly NodeIndex[], readonly NodeIndex[]] => [
    nodes.slice(0, size),
    nodes.slice(size),
  ]
  const { tags } = fleet.recorder.scenery
  const isThere = (node: NodeIndex): boolean => tags[node]?.['site'] === 'a'
  switch (random.below(4)) {
    case 0:
      return at(1)
    case 1:
      return at(Math.floor(nodes.length / 2))
    case 2:
      return at(random.between(1, nodes.length - 1))
    default:
      return [nodes.filter(isThere), nodes.filter((node) => !isThere(node))]
  }
}

function between(from: readonly NodeIndex[], to: readonly NodeIndex[]): readonly Direction[] {
  return from.flatMap((a) => to.map((b): Direction => [a, b]))
}

const both = (one: readonly NodeIndex[], other: readonly NodeIndex[]): readonly Direction[] => [
  ...between(one, other),
  ...between(other, one),
]

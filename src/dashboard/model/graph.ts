// Jobs that start after each other, laid out from left to right: a job stands one step right of the
// last one that it waits for. A cycle ends a way where it would come back.

import type { Job } from '../answers.ts'

type Linked = Pick<Job, 'name' | 'state' | 'dependencies'>

export interface Spot {
  readonly name: string
  readonly state: string
  readonly x: number
  readonly y: number
}

export interface Way {
  readonly from: Spot
  readonly to: Spot
  /** What has to happen: `success`, `failure` … */
  readonly on: string
}

export interface Graph {
  readonly spots: readonly Spot[]
  readonly ways: readonly Way[]
  readonly width: number
  readonly height: number
  /** Jobs that there was no room for. */
  readonly left: number
}

export const boxSize: { readonly width: number; readonly height: number } = {
  width: 150,
  height: 28,
}
const stepX = 210
const stepY = 44
const spotsMax = 100

/** Everything that is linked with the job; undefined when nothing is. */
export function graphOf(jobs: readonly Linked[], name: string): Graph | undefined {
  const byName = new Map(jobs.map((job) => [job.name, job]))
  const linked = linkedWith(byName, name)
  if (linked.length < 2) return undefined
  const shown = linked.slice(0, spotsMax)
  const kept = new Set(shown)
  const columns = columnsOf(byName, kept)
  const filled = new Map<number, number>()
  const spots = shown.map((one): Spot => {
    const column = columns.get(one) ?? 0
    const row = filled.get(column) ?? 0
    filled.set(column, row + 1)
    const state = byName.get(one)?.state ?? 'not there'
    return { name: one, state, x: column * stepX, y: row * stepY }
  })
  const spotOf = new Map(spots.map((spot) => [spot.name, spot]))
  const ways = spots.flatMap((to) =>
    parentsOf(byName, to.name).flatMap(({ job, on }): readonly Way[] => {
      const from = spotOf.get(job)
      return from === undefined ? [] : [{ from, to, on }]
    }),
  )
  return {
    spots,
    ways,
    width: Math.max(...spots.map(({ x }) => x)) + boxSize.width,
    height: Math.max(...spots.map(({ y }) => y)) + boxSize.height,
    left: linked.length - shown.length,
  }
}

type ByName = ReadonlyMap<string, Linked>

const parentsOf = (byName: ByName, name: string): Linked['dependencies']['after'] =>
  byName.get(name)?.dependencies.after ?? []

/** The nearest first. */
function linkedWith(byName: ByName, name: string): readonly string[] {
  const found = new Set([name])
  for (const one of found) {
    for (const { job } of parentsOf(byName, one)) found.add(job)
    for (const child of byName.get(one)?.dependencies.before ?? []) found.add(child)
  }
  return [...found]
}

function columnsOf(byName: ByName, kept: ReadonlySet<string>): ReadonlyMap<string, number> {
  const columns = new Map<string, number>()
  const columnOf = (name: string, way: ReadonlySet<string>): number => {
    const known = columns.get(name)
    if (known !== undefined) return known
    const parents = parentsOf(byName, name)
      .map(({ job }) => job)
      .filter((job) => kept.has(job) && !way.has(job))
    const column = Math.max(-1, ...parents.map((job) => columnOf(job, new Set([...way, name])))) + 1
    columns.set(name, column)
    return column
  }
  for (const name of kept) columnOf(name, new Set())
  return columns
}

/** The same in words, for those who do not see it. */
export function graphText({ ways, left }: Graph): string {
  const words = ways.map(({ from, to, on }) => `${to.name} after ${on} of ${from.name}`)
  return `${words.join(', ')}${left === 0 ? '' : `, and ${left} more`}`
}

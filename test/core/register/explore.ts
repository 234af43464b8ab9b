// Two ways through a model: walks at random, long and deep, and every state within small bounds.

import { createRandom, type Random } from '../../../src/core/random.ts'
import { violationOf, type Bounds, type Code, Model, type Steps, type World } from './model.ts'

export interface Found {
  /** Undefined: nothing was found. */
  readonly violation: string | undefined
  /** Walks walked, or states seen. */
  readonly seen: number
  /** How many of them had a start. */
  readonly started: number
}

const stepsMax = 150

/** Mostly letters, the newest more often than old ones: else hardly any round would come to its end. */
function chosen(random: Random, { letters, others }: Steps): (world: World) => World {
  const isOther = letters.length === 0 || random.below(100) < 12
  if (isOther && others.length > 0) return others[random.below(others.length)]!
  if (letters.length === 0) return (world) => world
  const among = random.below(3) === 0 ? letters.length : Math.min(letters.length, 8)
  return letters[letters.length - 1 - random.below(among)]!
}

/** Walks at random until something that `wanted` fits is found or `walks` are done. */
export function walk(code: Code, bounds: Bounds, walks: number, wanted: RegExp = /./): Found {
  let started = 0
  for (let seed = 1; seed <= walks; seed++) {
    const random = createRandom(BigInt(seed))
    const model = new Model(code, bounds)
    let world: World = model.start()
    for (let step = 0; step < stepsMax; step++) {
      world = chosen(random, model.steps(world))(world)
      const violation = violationOf(world)
      if (violation !== undefined && wanted.test(violation)) {
        return { violation, seen: seed, started }
      }
    }
    if (world.starts.length > 0) started += 1
  }
  return { violation: undefined, seen: walks, started }
}

/** Looks at every state that can be reached, nearest first, up to `statesMax` of them. */
export function explore(code: Code, bounds: Bounds, statesMax: number): Found & { isAll: boolean } {
  const model = new Model(code, bounds)
  let level = [model.start()]
  const seen = new Set(level.map((world) => model.key(world)))
  let started = 0
  while (level.length > 0) {
    const following: World[] = []
    for (const world of level) {
      const { letters, others } = model.steps(world)
      for (const step of [...letters, ...others]) {
        const next = step()
        if (next === world) continue
        const key = model.key(next)
        if (seen.has(key)) continue
        const violation = violationOf(next)
        if (violation !== undefined) return { violation, seen: seen.size, started, isAll: false }
        if (seen.size >= statesMax) return { violation, seen: seen.size, started, isAll: false }
        seen.add(key)
        if (next.starts.length > 0) started += 1
        following.push(next)
      }
    }
    level = following
  }
  return { violation: undefined, seen: seen.size, started, isAll: true }
}

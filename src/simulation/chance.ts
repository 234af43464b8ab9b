// Draws of the forms that faults and delays come in.

import type { Random } from '../core/random.ts'

/** A number in 0 … 1, without 1. */
export const fraction = (random: Random): number => random.next32() / 0x1_0000_0000

export const hits = (random: Random, chance: number): boolean =>
  chance > 0 && fraction(random) < chance

/** Somewhere between two numbers. */
export const within = (random: Random, [least, most]: readonly [number, number]): number =>
  least + (most - least) * fraction(random)

/** Evenly over the orders of magnitude between two positive numbers. */
export const withinLog = (random: Random, [least, most]: readonly [number, number]): number =>
  least * 2 ** (Math.log2(most / least) * fraction(random))

/** Waiting time until the next of independent happenings, by their mean. */
export const exponential = (random: Random, mean: number): number =>
  mean * -Math.log(1 - fraction(random))

/** Mostly the least, now and then much more; at most `cap`. */
export const pareto = (random: Random, least: number, alpha: number, cap: number): number =>
  Math.min(cap, least / (1 - fraction(random)) ** (1 / alpha))

export const pick = <T>(random: Random, values: readonly T[]): T =>
  values[random.below(values.length)]!

/** Picks by weight. */
export function weighted<T>(random: Random, values: readonly (readonly [T, number])[]): T {
  let at = fraction(random) * values.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [value, weight] of values) {
    if (at < weight) return value
    at -= weight
  }
  return values.at(-1)![0]
}

/** The values in a random order. */
export function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const out = [...values]
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

// Samples of the nodes that were up in the end.

import type { EntryOf, History, PhaseName } from '../history.ts'

type Sample = EntryOf<'sample'>

/** The last sample of each node that ran until the end. */
export function finalSamples(history: History): readonly Sample[] {
  return lastSamples(history, history.endMs)
}

/** The newest sample of each node before an instant, those of one round only. */
export function lastSamples(history: History, untilMs: number): readonly Sample[] {
  const samples = samplesOf(history).filter(({ atMs }) => atMs <= untilMs)
  const lastMs = samples.at(-1)?.atMs
  return samples.filter(({ atMs }) => atMs === lastMs)
}

/** Every sample, in order. */
export function samplesOf(history: History): readonly Sample[] {
  return history.entries.filter((entry) => entry.kind === 'sample')
}

/** When a phase began; undefined when it never did. */
export function phaseStart(history: History, phase: PhaseName): number | undefined {
  return history.entries.find((entry) => entry.kind === 'phase' && entry.phase === phase)?.atMs
}

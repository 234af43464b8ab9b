// Who votes on the starts of a job: from what a user wrote to members with the stores they have now.

import type { Life, Promised } from '../jobs/definition.ts'
import { limits } from '../limits.ts'
import type { Member } from '../membership/membership.ts'
import { compareText } from '../order.ts'
import { ok, refuse, type Result } from '../result.ts'
import type { Seat } from './register.ts'

const namesShownMax = 8

/**
 * The life that a write gives its job. Another promise, another roster, or a seat whose store was
 * replaced make another generation, which begins only when the old one has surely ended everywhere.
 */
export function lifeFor(
  promised: Promised,
  old: { readonly life: Life; readonly promised: Promised } | undefined,
  now: { readonly members: readonly Member[]; readonly ms: number },
): Result<{ readonly life: Life; readonly isNext: boolean }> {
  const isAsWritten =
    old !== undefined &&
    old.promised.mode === promised.mode &&
    old.promised.roster.join('\n') === promised.roster.join('\n')
  if (isAsWritten) {
    const seats = old.life.seats.map((seat) => renewed(seat, now.members))
    const isNext = seats.some(({ storeEpoch }, i) => storeEpoch !== old.life.seats[i]!.storeEpoch)
    const fromMs = isNext ? now.ms + limits.generationPauseMs : old.life.fromMs
    return ok({ life: { state: 'live', seats, fromMs }, isNext })
  }
  const seats = promised.mode === 'at-most-once' ? seatsFor(promised.roster, now.members) : ok([])
  if (!seats.ok) return seats
  const fromMs = old === undefined ? 0 : now.ms + limits.generationPauseMs
  return ok({ life: { state: 'live', seats: seats.value, fromMs }, isNext: old !== undefined })
}

/** A member that lost its store has lost what it promised: it gets a new seat. */
function renewed(seat: Seat, members: readonly Member[]): Seat {
  const record = members.find(({ record }) => record.member === seat.member)?.record
  return { member: seat.member, storeEpoch: record?.storeEpoch ?? seat.storeEpoch }
}

/** The members that a roster names. */
function seatsFor(roster: readonly string[], all: readonly Member[]): Result<readonly Seat[]> {
  const members = all.filter(({ state }) => state !== 'left')
  const seats = new Map<string, Seat>()
  for (const entry of roster) {
    const meant = meantBy(entry, members)
    if (!meant.ok) return meant
    for (const { record } of meant.value) {
      seats.set(record.member, { member: record.member, storeEpoch: record.storeEpoch })
    }
  }
  if (seats.size % 2 === 0 || seats.size > limits.rosterMax) {
    return refuse(
      'MC_BAD_INPUT',
      `delivery.roster: it names ${seats.size} members`,
      `name 1, 3, 5 or ${limits.rosterMax}: one more than an even number costs nothing in safety`,
    )
  }
  return ok([...seats.values()].sort((a, b) => compareText(a.member, b.member)))
}

function meantBy(entry: string, members: readonly Member[]): Result<readonly Member[]> {
  const [key = '', ...rest] = entry.split('=')
  const found =
    rest.length > 0
      ? members.filter(({ record }) => record.attrs.tags[key] === rest.join('='))
      : members.filter(({ record }) => record.member === entry || record.name === entry)
  const names = members.slice(0, namesShownMax).map(({ record }) => record.name)
  if (found.length === 0) {
    const hint = `known members: ${names.join(', ')}`
    return refuse('MC_BAD_INPUT', `delivery.roster: no member is called or tagged ${entry}`, hint)
  }
  if (found.length > 1 && rest.length === 0) {
    return refuse(
      'MC_BAD_INPUT',
      `delivery.roster: ${found.length} members are called ${entry}`,
      'name them by their ids: meshcron member ls -o wide',
    )
  }
  return ok(found)
}

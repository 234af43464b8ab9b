// How things are called in tables and sentences.

/** What a person calls a member: its name, else the end of its id, where ids differ. */
export function shortName(member: { readonly id: string; readonly name?: string | null }): string {
  return member.name === undefined || member.name === null || member.name === ''
    ? member.id.slice(-5)
    : member.name
}

/** The short name of a node given by two fields; a dash for none. */
export function nodeText(node: string | null, nodeName: string | null): string {
  return node === null ? '-' : shortName({ id: node, name: nodeName })
}

const day = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short' })
const time = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'medium' })

/** Local time of an instant; the date only when it is not today. */
export function instantText(instant: string | null | undefined, nowMs: number): string {
  if (instant === null || instant === undefined) return '-'
  const at = new Date(instant)
  const clock = time.format(at)
  return day.format(at) === day.format(nowMs) ? clock : `${day.format(at)} ${clock}`
}

/** `450 ms`, `1.5 s`, `4 m 10 s`, `2 h 3 m`, `5 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toString()} s`
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const
  const first = units.findIndex(([, size]) => ms >= size)
  let rest = ms
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count === 0 ? '' : `${count} ${unit}`
  })
  return parts.filter((part) => part !== '').join(' ')
}

/** How long an execution took, or has taken; a dash when it did not run. */
export function tookText(
  {
    startedAt,
    finishedAt,
  }: { readonly startedAt: string | null; readonly finishedAt: string | null },
  nowMs: number,
): string {
  if (startedAt === null) return '-'
  const endMs = finishedAt === null ? nowMs : Date.parse(finishedAt)
  return durationText(Math.max(0, endMs - Date.parse(startedAt)))
}

/** `3 jobs`, `1 job`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(n: number): string {
  const last = n % 100 >= 11 && n % 100 <= 13 ? 0 : n % 10
  return `${n}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`
}

/** `site=barn,role=web`. */
export function tagsText(tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '-' : pairs.join(',')
}

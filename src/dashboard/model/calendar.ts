// Calendars in words, and which jobs obey them.

import type { Calendar, Job } from '../answers.ts'

type Rule = Readonly<Record<string, unknown>>

/** The rules of a calendar, one sentence each. */
export function rulesText({ document }: Pick<Calendar, 'document'>): readonly string[] {
  const rules = (document['rules'] ?? []) as readonly Rule[]
  return rules.map((rule) => `${String(rule['kind'])} ${bodyText(rule)}`)
}

function bodyText(rule: Rule): string {
  const { dates, yearly, daily, days, cron, range } = rule
  const each = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value))
  if (dates !== undefined) return `on ${each(dates)}`
  if (yearly !== undefined) return `every year on ${each(yearly)}`
  if (daily !== undefined) return `${each(daily)}${days === undefined ? '' : ` on ${each(days)}`}`
  if (cron !== undefined) return `for ${each(rule['for'])} from each ${each(cron)}`
  const { from, to } = (range ?? {}) as Rule
  return `from ${each(from)} to ${each(to)}`
}

/** Names of the jobs that obey it; every job obeys `freeze`, unless it says otherwise. */
export function obeying(
  name: string,
  jobs: readonly Pick<Job, 'name' | 'document'>[],
): readonly string[] {
  const obeys = ({ document }: Pick<Job, 'document'>): boolean => {
    if (name === 'freeze' && document['ignoreFreeze'] !== true) return true
    const refs = document['calendars']
    const list: readonly unknown[] = Array.isArray(refs) ? refs : [refs]
    return list.some((one) => one === name || (one as Rule | null | undefined)?.['name'] === name)
  }
  return jobs.filter(obeys).map((job) => job.name)
}

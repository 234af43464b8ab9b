import type { VNode } from 'preact'
import type { Calendar, CalendarList } from '../answers.ts'
import { obeying, rulesText } from '../model/calendar.ts'
import { commands } from '../model/command.ts'
import { hrefOf } from '../model/route.ts'
import { zoneOfDocument } from '../model/schedule.ts'
import { jobs } from '../state/fleet.ts'
import { useRead } from '../state/read.ts'
import { ask } from '../state/session.ts'
import { CommandLine, Heading, Loading, Panel, Problem, Word } from './pieces.tsx'

const jobsShown = 20

/** When starts are denied, and for whom. */
export function Calendars(): VNode {
  const read = useRead(
    '',
    () => ask<CalendarList>('GET', '/calendars'),
    ({ type }) => type === 'job',
  )
  const items = read.value?.items
  return (
    <>
      <Heading title="Calendars" />
      <Problem error={read.error} />
      {items === undefined && read.error === undefined ? <Loading /> : null}
      {items?.length === 0 ? (
        <p class="quiet nothing">
          There are none. A calendar denies starts at night or on holidays; one named freeze stops
          the whole fleet.
        </p>
      ) : null}
      {items?.map((calendar) => (
        <One key={calendar.name} calendar={calendar} />
      ))}
      <CommandLine command={commands.calendars()} />
    </>
  )
}

function One(props: { calendar: Calendar }): VNode {
  const { name, document, conflicts } = props.calendar
  const names = obeying(name, jobs.value ?? [])
  return (
    <Panel title={name} aside={<span class="quiet">{zoneOfDocument(document)}</span>}>
      {conflicts.length === 0 ? null : <Word word="two versions" tone="warn" />}
      <ul>
        {rulesText(props.calendar).map((rule) => (
          <li key={rule}>{rule}</li>
        ))}
      </ul>
      <p class="quiet">
        {names.length === 0 ? 'no job obeys it' : `${names.length} obey it: `}
        {names.slice(0, jobsShown).map((job) => (
          <span key={job}>
            <a class="mono" href={hrefOf(['jobs', job])}>
              {job}
            </a>{' '}
          </span>
        ))}
        {names.length > jobsShown ? '…' : ''}
      </p>
    </Panel>
  )
}

// The frame of every screen: where one can go, through whose eyes the fleet is seen, and whether what
// is shown is still coming.

import type { ComponentChildren, VNode } from 'preact'
import { ribbonOf } from '../model/ribbon.ts'
import { hrefOf } from '../model/route.ts'
import { zoneChoices, type ZoneChoice } from '../model/time.ts'
import { link, now, status, trouble } from '../state/fleet.ts'
import { browserZone, route, theme, themes, zone, type Theme } from '../state/place.ts'
import { Problem } from './pieces.tsx'

const places: readonly (readonly [label: string, path: readonly string[], key: string])[] = [
  ['Overview', [], 'o'],
  ['Timeline', ['timeline'], 't'],
  ['Jobs', ['jobs'], 'j'],
  ['Executions', ['executions'], 'e'],
  ['Calendars', ['calendars'], 'c'],
  ['Members', ['members'], 'm'],
  ['Topology', ['topology'], 'p'],
]

export function Shell(props: { children: ComponentChildren }): VNode {
  const [place = ''] = route.value.path
  const here = ['new', 'edit'].includes(place) ? 'jobs' : place
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/" aria-label="meshcron, overview">
          <Mark />
          meshcron
        </a>
        <nav aria-label="screens">
          {places.map(([label, path, key]) => (
            <a
              key={label}
              href={hrefOf(path)}
              title={`g ${key}`}
              aria-current={(path[0] ?? '') === here ? 'page' : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <div class="choices">
          <Choices />
        </div>
      </header>
      <Ribbon />
      <main id="main" tabIndex={-1}>
        {trouble.value !== undefined && status.value === undefined ? (
          <Problem error={trouble.value} />
        ) : null}
        {props.children}
      </main>
    </>
  )
}

function skip(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}

function Mark(): VNode {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M2 4h5M5 8h9M3 12h4" class="mark-bars" />
      <path d="M10.5 1.5v13" class="mark-now" />
    </svg>
  )
}

const zoneLabels: Readonly<Record<ZoneChoice, string>> = {
  browser: browserZone,
  job: 'zone of the job',
  utc: 'UTC',
}

function Choices(): VNode {
  return (
    <>
      <label>
        <span class="unseen">times in</span>
        <select
          value={zone.value}
          onChange={({ currentTarget }) => (zone.value = currentTarget.value as ZoneChoice)}
        >
          {zoneChoices.map((choice) => (
            <option key={choice} value={choice}>
              {zoneLabels[choice]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">colours</span>
        <select
          value={theme.value}
          onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
        >
          {themes.map((one) => (
            <option key={one} value={one}>
              {one === 'auto' ? 'system colours' : one}
            </option>
          ))}
        </select>
      </label>
    </>
  )
}

/** Whose view this is, and how complete. */
function Ribbon(): VNode {
  const { tone, seen, connection } = ribbonOf(status.value, link.value, now.value)
  return (
    <output class={`ribbon tone-${tone}`} aria-label="state of this view">
      <span>{seen}</span>
      <span class={`link link-${link.value}`}>
        <i aria-hidden="true" />
        {connection}
      </span>
    </output>
  )
}

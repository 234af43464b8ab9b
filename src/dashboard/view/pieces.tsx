// The small pieces that every screen is made of.

import type { ComponentChildren, VNode } from 'preact'
import { useState } from 'preact/hooks'
import { toneOf, type Tone } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { distanceText, fullText, instantText, zoneOf } from '../model/time.ts'
import { now } from '../state/fleet.ts'
import { browserZone, zone } from '../state/place.ts'
import { Refused } from '../state/session.ts'

/** The zone in which this place shows instants. */
export function shownZone(jobZone?: string): string {
  return zoneOf(zone.value, browserZone, jobZone)
}

/** An instant; hovering tells all of it. */
export function Instant(props: { ms: number; jobZone?: string | undefined }): VNode {
  const name = shownZone(props.jobZone)
  return (
    <time dateTime={new Date(props.ms).toISOString()} title={fullText(props.ms, name)}>
      {instantText(props.ms, name, now.value)}
    </time>
  )
}

/** How far away an instant is, counting. */
export function Distance(props: { ms: number; jobZone?: string | undefined }): VNode {
  return (
    <time
      class="quiet"
      dateTime={new Date(props.ms).toISOString()}
      title={fullText(props.ms, shownZone(props.jobZone))}
    >
      {distanceText(props.ms, now.value)}
    </time>
  )
}

/** Terms and what is to be said of each. */
export function Pairs(props: { pairs: readonly (readonly [string, VNode | string])[] }): VNode {
  return (
    <dl class="facts">
      {props.pairs.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A state or outcome: a mark in its colour and the word, so that no meaning is in colour alone. */
export function Word(props: { word: string; tone?: Tone; title?: string | undefined }): VNode {
  return (
    <span class={`word tone-${props.tone ?? toneOf(props.word)}`} title={props.title}>
      <i aria-hidden="true" />
      {props.word}
    </span>
  )
}

/** The command line that does the same, to copy. */
export function CommandLine(props: { command: string; label?: string }): VNode {
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(props.command)
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <p class="command">
      <span class="quiet">{props.label ?? 'same in a terminal'}</span>
      <code>{props.command}</code>
      <button type="button" class="plain" onClick={() => void copy()}>
        {isCopied ? 'copied' : 'copy'}
      </button>
    </p>
  )
}

/** What went wrong, and the way out. */
export function Problem(props: { error: unknown }): VNode | null {
  const { error } = props
  if (error === undefined || error === null) return null
  const { message, hint, code } =
    error instanceof Refused
      ? error
      : {
          message: error instanceof Error ? error.message : 'something went wrong',
          hint: '',
          code: '',
        }
  return (
    <div class="problem" role="alert">
      <strong>{message}</strong>
      {hint === '' ? null : <span>{hint}</span>}
      {code === '' ? null : <code class="quiet">{code}</code>}
    </div>
  )
}

/** A part of a screen with a heading. */
export function Panel(props: {
  title: string
  aside?: ComponentChildren
  children: ComponentChildren
  class?: string
}): VNode {
  const id = `panel-${props.title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  )
}

/** The heading of a screen. */
export function Heading(props: { title: ComponentChildren; children?: ComponentChildren }): VNode {
  return (
    <div class="heading">
      <h1>{props.title}</h1>
      {props.children}
    </div>
  )
}

export function JobLink(props: { name: string }): VNode {
  return (
    <a class="mono" href={hrefOf(['jobs', props.name])}>
      {props.name}
    </a>
  )
}

/** A hint for where nothing is yet. */
export function Empty(props: { children: ComponentChildren }): VNode {
  return <div class="empty">{props.children}</div>
}

/** Waits for its first data. */
export function Loading(): VNode {
  return <output class="quiet loading">reading …</output>
}

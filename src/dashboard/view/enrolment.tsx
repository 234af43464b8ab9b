// Letting machines in: a token with its QR code, the invites of this node, and who waits.

import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { encode } from 'uqr'
import type { Invite, InviteList, InviteMade, Pending, PendingList } from '../answers.ts'
import { commands } from '../model/command.ts'
import { qrPath } from '../model/qr.ts'
import { apiPath, ask } from '../state/session.ts'
import { useRead } from '../state/read.ts'
import { CommandLine, Distance, Instant, Panel, Problem, Word } from './pieces.tsx'

interface Door {
  readonly invites: readonly Invite[]
  readonly pending: readonly Pending[]
}

/** Joiners ask again every two seconds; the node sends no event of them. */
const lookMs = 3_000

const readDoor = async (): Promise<Door> => {
  const [invites, pending] = await Promise.all([
    ask<InviteList>('GET', '/invites'),
    ask<PendingList>('GET', '/pending'),
  ])
  return { invites: invites.items, pending: pending.items }
}

/** The panel on the members' screen. */
export function Enrolment(): VNode {
  const { value, again } = useRead('door', readDoor)
  const [made, setMade] = useState<InviteMade | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  useEffect(() => {
    const timer = setInterval(again, lookMs)
    return () => clearInterval(timer)
  }, [])
  const act = (work: Promise<unknown>): void => {
    setError(undefined)
    void work.then(again, setError)
  }
  const invite = (): void =>
    act(ask<InviteMade>('POST', '/invites', { body: { allowTags: ['*'] } }).then(setMade))
  const open = (value?.invites ?? []).filter(({ state }) => state === 'open')
  return (
    <Panel
      title="Let machines in"
      aside={
        <button type="button" onClick={invite}>
          invite a machine
        </button>
      }
    >
      <Problem error={error} />
      {made === undefined ? null : <Token made={made} />}
      {(value?.pending ?? []).map((one) => (
        <Waiting key={one.member} one={one} act={act} />
      ))}
      {open.map((one) => (
        <Open key={one.id} one={one} act={act} />
      ))}
      <CommandLine command={commands.invite()} />
    </Panel>
  )
}

type Act = (work: Promise<unknown>) => void

function Token(props: { made: InviteMade }): VNode {
  const { token, until } = props.made
  const { data, size } = encode(token, { ecc: 'L', border: 2 })
  return (
    <div class="token">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label="the token as a QR code">
        <rect width={size} height={size} fill="#fff" />
        <path d={qrPath(data)} fill="#000" />
      </svg>
      <div>
        <p>
          One machine may join with it, as executor and viewer, with any tag of its own, until{' '}
          <Instant ms={Date.parse(until)} />. It is shown this once.
        </p>
        <CommandLine label="on the other machine" command={`meshcron start --join ${token}`} />
      </div>
    </div>
  )
}

function Waiting(props: { one: Pending; act: Act }): VNode {
  const { member, shortId, name, tags } = props.one
  const decide = (verb: 'accept' | 'refuse'): void =>
    props.act(ask('POST', `${apiPath`/pending/${member}`}/${verb}`))
  return (
    <p class="door">
      <Word word="waits" tone="warn" /> <span class="mono">{shortId}</span> {name}{' '}
      <span class="mono quiet">{tagText(tags)}</span>
      <button type="button" onClick={() => decide('accept')} title={commands.accept(shortId)}>
        accept {shortId}
      </button>
      <button type="button" class="plain" onClick={() => decide('refuse')}>
        refuse
      </button>
    </p>
  )
}

function Open(props: { one: Invite; act: Act }): VNode {
  const { id, usesLeft, uses, until, roles, tags } = props.one
  return (
    <p class="door">
      <Word word="open" tone="ok" /> <span class="mono">{id}</span> {usesLeft} of {uses} left,{' '}
      {roles.join(', ')} <span class="mono quiet">{tagText(tags)}</span>{' '}
      <Distance ms={Date.parse(until)} />
      <button
        type="button"
        class="plain"
        title={commands.revoke(id)}
        aria-label={`revoke ${id}`}
        onClick={() => props.act(ask('DELETE', apiPath`/invites/${id}`))}
      >
        revoke
      </button>
    </p>
  )
}

const tagText = (tags: Readonly<Record<string, string>>): string =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join('  ')

import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Accepted, Event, ExecutionDetail, ExecutionItem, Explain } from '../answers.ts'
import { commands } from '../model/command.ts'
import { isNotRun, nodeText, reasonText, toneOfExecution, wordOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { spanText } from '../model/time.ts'
import { now } from '../state/fleet.ts'
import { go, route, setQuery } from '../state/place.ts'
import { useRead } from '../state/read.ts'
import { apiPath, ask } from '../state/session.ts'
import { tookMs } from './executions.tsx'
import { Log } from './log.tsx'
import {
  CommandLine,
  Distance,
  Heading,
  Instant,
  JobLink,
  Loading,
  Pairs,
  Panel,
  Problem,
  Word,
} from './pieces.tsx'
import { Why } from './why.tsx'

/** One execution: what it writes, where it runs and why there. */
export function Execution(props: { id: string }): VNode {
  const { id } = props
  const concerns = (event: Event): boolean =>
    event.type === 'execution' && isOf(event.execution, id)
  const detail = useRead(
    id,
    () => ask<ExecutionDetail>('GET', apiPath`/executions/${id}`),
    concerns,
  )
  const explain = useRead(
    id,
    () => ask<Explain>('GET', '/explain', { query: { execution: id } }),
    concerns,
  )
  const execution = detail.value
  if (execution === undefined) {
    return (
      <>
        <Heading title={<span class="mono">{id}</span>} />
        {detail.error === undefined ? <Loading /> : <Problem error={detail.error} />}
      </>
    )
  }
  const chosen = chosenOf(execution)
  return (
    <>
      <Heading
        title={
          <>
            <JobLink name={execution.job} /> <Instant ms={Date.parse(execution.scheduledAt)} />
          </>
        }
      >
        <Word word={wordOf(execution)} tone={toneOfExecution(execution)} />
        <Actions execution={execution} />
      </Heading>
      <Problem error={detail.error} />
      <Facts execution={chosen} />
      <Attempts execution={execution} chosen={chosen} />
      {isNotRun(chosen) ? null : (
        <Panel title="Output">
          <Log
            key={`${chosen.id}|${chosen.slot}|${chosen.attempt}`}
            tail={{ id, slot: chosen.slot, attempt: chosen.attempt }}
          />
        </Panel>
      )}
      <Panel title={isNotRun(chosen) ? 'Why it did not run' : 'Why this node'}>
        {explain.value === undefined ? (
          <Problem error={explain.error} />
        ) : (
          <Why explain={explain.value} executor={chosen.node} />
        )}
      </Panel>
      <CommandLine command={commands.explain(id)} />
    </>
  )
}

const isOf = (item: ExecutionItem, id: string): boolean =>
  item.id === id || item.id.startsWith(`${id}.`)

/** The attempt that the URL names; else the newest of what speaks for the execution. */
function chosenOf(execution: ExecutionDetail): ExecutionItem {
  const wanted = route.value.query.get('attempt')
  const found = execution.attempts.find((one) => attemptName(one) === wanted)
  const own = execution.attempts.findLast(({ slot }) => slot === execution.slot)
  return found ?? own ?? execution
}

const attemptName = ({ slot, attempt }: ExecutionItem): string => `${slot}.${attempt}`

function Facts(props: { execution: ExecutionItem }): VNode {
  const { execution } = props
  const { startedAt, scheduledAt, node, nodeName, nextAttemptAt } = execution
  const took = tookMs(execution, now.value)
  const lateMs = startedAt === null ? 0 : Date.parse(startedAt) - Date.parse(scheduledAt)
  const facts: (readonly [string, VNode | string])[] = [
    ['id', <code key="id">{execution.id}</code>],
    [
      'on',
      <span key="on" class="mono">
        {nodeText(node, nodeName)}
      </span>,
    ],
    ['came about', cameAbout(execution)],
    ['started', startedAt === null ? 'never' : `${spanText(lateMs)} after it was due`],
    [execution.state === 'ended' ? 'took' : 'runs for', took === null ? '–' : spanText(took)],
    ['ended with', reasonText(execution) || (execution.state === 'ended' ? 'exit 0' : '–')],
  ]
  if (nextAttemptAt !== null) {
    facts.push(['next attempt', <Distance key="next" ms={Date.parse(nextAttemptAt)} />])
  }
  return <Pairs pairs={facts} />
}

function cameAbout({ why, rank, trigger, attempt, duplicate }: ExecutionItem): string {
  const first = trigger === 'dispatch' ? 'started by hand' : 'by its schedule'
  const parts = [first]
  if (why === 'takeover') parts.push(`taken over by rank ${rank + 1}`)
  if (why === 'catch-up') parts.push('caught up late')
  if (attempt > 1) parts.push(`attempt ${attempt}`)
  if (duplicate) parts.push('two members started it')
  return parts.join(', ')
}

function Attempts(props: { execution: ExecutionDetail; chosen: ExecutionItem }): VNode | null {
  const { attempts } = props.execution
  if (attempts.length < 2) return null
  return (
    <Panel title={`${attempts.length} attempts`}>
      <ol class="attempts">
        {attempts.map((one) => (
          <li key={attemptName(one)}>
            <button
              type="button"
              data-row
              aria-pressed={attemptName(one) === attemptName(props.chosen)}
              onClick={() => setQuery({ attempt: attemptName(one) })}
            >
              <Word word={wordOf(one)} tone={toneOfExecution(one)} />
              <span class="mono">{nodeText(one.node, one.nodeName)}</span>
              <span class="quiet">
                {one.attempt > 1 ? `attempt ${one.attempt}` : ''} {reasonText(one)}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Actions(props: { execution: ExecutionDetail }): VNode {
  const { id, job, state } = props.execution
  const [error, setError] = useState<unknown>(undefined)
  const [done, setDone] = useState('')
  const act = (path: string, command: string, then: (accepted: Accepted) => void): void => {
    setError(undefined)
    ask<Accepted>('POST', path).then((accepted) => {
      setDone(command)
      then(accepted)
    }, setError)
  }
  return (
    <div class="actions">
      {state === 'ended' ? null : (
        <button
          type="button"
          onClick={() => act(apiPath`/executions/${id}/stop`, commands.stop(id), () => undefined)}
        >
          stop
        </button>
      )}
      <button
        type="button"
        onClick={() =>
          act(apiPath`/jobs/${job}/trigger`, commands.run(job), ({ execution }) =>
            go(hrefOf(['executions', execution])),
          )
        }
      >
        run again now
      </button>
      <Problem error={error} />
      {done === '' ? null : <CommandLine label="done; the same in a terminal" command={done} />}
    </div>
  )
}

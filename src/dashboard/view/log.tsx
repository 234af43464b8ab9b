import type { VNode } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { AnsiText, markedLine, textOfLine, type Line } from '../model/ansi.ts'
import { count } from '../model/health.ts'
import { downloadOutput, followOutput, type Tail } from '../state/output.ts'
import { Problem } from './pieces.tsx'

interface Shown {
  readonly lines: readonly Line[]
  readonly hidden: number
  readonly dropped: number
  readonly isWhole: boolean
  readonly hasEnded: boolean
  readonly error: unknown
}

const nothing: Shown = {
  lines: [],
  hidden: 0,
  dropped: 0,
  isWhole: true,
  hasEnded: false,
  error: undefined,
}
/** Drawing is slower than a chatty command. */
const drawMs = 80

/** What an attempt writes, while it writes. */
export function Log(props: { tail: Tail }): VNode {
  const { id, slot, attempt } = props.tail
  const shown = useTail(props.tail)
  const [search, setSearch] = useState('')
  const [isWrapped, setWrapped] = useState(true)
  const [isFollowing, setFollowing] = useState(true)
  const box = useRef<HTMLPreElement>(null)
  const { lines, hidden, dropped, isWhole, hasEnded, error } = shown
  useEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [lines, isFollowing])
  const found = useMemo(() => matching(lines, search), [lines, search])
  const state = hasEnded ? count(lines.length, 'line') : 'live'
  return (
    <div class="log">
      <div class="tools">
        <input
          type="search"
          data-filter
          value={search}
          placeholder="search  /"
          aria-label="search in the output"
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        {search === '' ? null : <span class="quiet">{count(found, 'line')} found</span>}
        <Switch label="follow" isOn={isFollowing} set={setFollowing} />
        <Switch label="wrap" isOn={isWrapped} set={setWrapped} />
        <button type="button" onClick={() => void downloadOutput({ id, slot, attempt })}>
          download
        </button>
        <span class={`count ${hasEnded ? 'quiet' : 'tone-busy'}`}>{state}</span>
      </div>
      <Problem error={error} />
      {hidden > 0 || !isWhole ? (
        <p class="note-box">
          Only the last lines are shown{isWhole ? '' : ', and more follow'}; the download has all.
        </p>
      ) : null}
      {dropped > 0 ? <p class="note-box">{dropped} bytes in the middle were not kept.</p> : null}
      <pre
        ref={box}
        // a region that scrolls must be reachable by keyboard
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-label="output"
        class={isWrapped ? 'wrapped' : ''}
        onScroll={({ currentTarget: at }) => {
          const isAtEnd = at.scrollHeight - at.scrollTop - at.clientHeight < 24
          if (isAtEnd !== isFollowing) setFollowing(isAtEnd)
        }}
      >
        {lines.map((line, i) => (
          <LogLine key={hidden + i} line={line} search={search} />
        ))}
        {lines.length === 0 ? (
          <span class="quiet">{hasEnded ? 'it wrote nothing' : 'nothing written yet'}</span>
        ) : null}
      </pre>
    </div>
  )
}

function Switch(props: { label: string; isOn: boolean; set: (isOn: boolean) => void }): VNode {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.isOn}
        onChange={({ currentTarget }) => props.set(currentTarget.checked)}
      />
      {props.label}
    </label>
  )
}

function LogLine(props: { line: Line; search: string }): VNode {
  return useMemo(
    () => (
      <div>
        {markedLine(props.line, props.search).map(({ text, look, isMatch }, i) =>
          isMatch ? (
            <mark key={i}>{text}</mark>
          ) : (
            <span key={i} class={look}>
              {text}
            </span>
          ),
        )}
        {'\n'}
      </div>
    ),
    [textOfLine(props.line), props.search],
  )
}

const matching = (lines: readonly Line[], search: string): number =>
  search === ''
    ? 0
    : lines.filter((line) => textOfLine(line).toLowerCase().includes(search.toLowerCase())).length

/** Follows an attempt; another one begins anew. */
function useTail(tail: Tail): Shown {
  const [shown, setShown] = useState(nothing)
  useEffect(() => {
    const stop = new AbortController()
    const text = new AnsiText()
    let dropped = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const draw = (changes: Partial<Shown> = {}): void => {
      clearTimeout(timer)
      timer = undefined
      setShown((old) => ({
        ...old,
        ...changes,
        lines: text.lines(),
        hidden: text.dropped,
        dropped,
      }))
    }
    setShown(nothing)
    const ended = followOutput(
      tail,
      {
        text: (chunk) => {
          text.push(chunk)
          timer ??= setTimeout(() => draw({ error: undefined }), drawMs)
        },
        dropped: (bytes) => {
          dropped = bytes
        },
        trouble: (error) => draw({ error }),
      },
      stop.signal,
    )
    void ended.then((isWhole) => {
      if (!stop.signal.aborted) draw({ hasEnded: true, isWhole })
    })
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [tail.id, tail.slot, tail.attempt])
  return shown
}

// Something that a screen reads for itself, and again when the node tells that it may have changed.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Event } from '../answers.ts'
import { listen } from './fleet.ts'
import { refresher, type Refresher } from './refresher.ts'

export interface Read<T> {
  readonly value: T | undefined
  readonly error: unknown
  readonly again: Refresher
}

/** Reads when `key` changes and whenever `concerns` says that an event is about it. */
export function useRead<T>(
  key: string,
  load: () => Promise<T>,
  concerns: (event: Event) => boolean = () => false,
): Read<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: unknown }>({ key })
  const latest = useRef({ key, load, concerns })
  latest.current = { key, load, concerns }
  const [again] = useState(() =>
    refresher(
      async () => {
        const asked = latest.current
        const next = await asked.load().then(
          (value) => ({ key: asked.key, value }),
          (error: unknown) => ({ key: asked.key, error }),
        )
        setState((old) =>
          'error' in next && old.key === next.key && old.value !== undefined
            ? { ...old, error: next.error }
            : next,
        )
      },
      {
        gapMs: () => 300,
        later: (callback, ms) => void setTimeout(callback, ms),
        nowMs: () => performance.now(),
      },
    ),
  )
  useEffect(() => again(), [key])
  useEffect(
    () =>
      listen((event) => {
        if (event.type === 'gap' || latest.current.concerns(event)) again()
      }),
    [],
  )
  const isOld = state.key !== key
  return { value: isOld ? undefined : state.value, error: isOld ? undefined : state.error, again }
}

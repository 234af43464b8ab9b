// The keyboard: / filters, j and k walk through rows, enter opens, g and a letter goes somewhere.

import { go } from '../state/place.ts'

const places: Readonly<Record<string, string>> = {
  o: '#/',
  t: '#/timeline',
  j: '#/jobs',
  e: '#/executions',
  m: '#/members',
  c: '#/calendars',
  p: '#/topology',
  n: '#/new',
}

let wentMs = -Infinity

/** Listens on the whole page. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { target } = event
    if (target instanceof HTMLElement && target.matches('input, textarea, select')) {
      if (event.key === 'Escape') target.blur()
      return
    }
    if (act(event.key, event.timeStamp)) event.preventDefault()
  })
}

function act(key: string, atMs: number): boolean {
  if (atMs - wentMs < 1_000 && places[key] !== undefined) {
    wentMs = -Infinity
    go(places[key])
    return true
  }
  switch (key) {
    case 'g':
      wentMs = atMs
      return true
    case '/':
      return focus(document.querySelector<HTMLElement>('[data-filter]'))
    case 'j':
      return walk(1)
    case 'k':
      return walk(-1)
    default:
      return false
  }
}

function walk(step: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('a[data-row]')]
  const at = rows.findIndex((row) => row === document.activeElement)
  const next = at === -1 ? (step > 0 ? 0 : rows.length - 1) : at + step
  return focus(rows[Math.min(rows.length - 1, Math.max(0, next))])
}

function focus(element: HTMLElement | null | undefined): boolean {
  element?.focus()
  element?.scrollIntoView({ block: 'nearest' })
  return element !== null && element !== undefined
}

/**
 * What `top` shows and what a key does, without a terminal: a pure step from a state and a key to a
 * state and, perhaps, one order. Keys are those of k9s and vi: j k g G, enter, esc, / and :.
 */

export const views = ['jobs', 'runs', 'members'] as const
export type View = (typeof views)[number]

/** A row that can be selected. */
export interface Row {
  readonly key: string
  /** What the filter looks into. */
  readonly text: string
  /** Already paused, cordoned or ended. */
  readonly isOff: boolean
}

/** What is to be done outside. */
export type Order =
  | { readonly kind: 'quit' }
  | { readonly kind: 'show' | 'logs'; readonly view: View; readonly key: string }
  | {
      readonly kind: 'run' | 'pause' | 'resume' | 'stop' | 'cordon' | 'uncordon'
      readonly key: string
    }

interface Page {
  readonly title: string
  readonly lines: readonly string[]
  /** First line shown. */
  readonly top: number
}

export interface State {
  readonly view: View
  readonly selected: string | undefined
  readonly filter: string
  /** A line being typed at the bottom, or a question waiting for y. */
  readonly prompt:
    | { readonly kind: '/' | ':'; readonly text: string }
    | { readonly kind: 'sure'; readonly order: Order; readonly question: string }
    | undefined
  readonly page: Page | undefined
  readonly message: string
}

export const initial: State = {
  view: 'jobs',
  selected: undefined,
  filter: '',
  prompt: undefined,
  page: undefined,
  message: '',
}

export interface Step {
  readonly state: State
  readonly order?: Order
}

/** A key by name, as node:readline calls it, or the letter itself. */
export function press(state: State, key: string, rows: readonly Row[]): Step {
  if (key === 'ctrl-c') return { state, order: { kind: 'quit' } }
  const { prompt } = state
  if (prompt?.kind === 'sure') return answer(state, prompt.order, key)
  if (prompt !== undefined) return type(state, prompt, key)
  if (state.page !== undefined) return turn(state, state.page, key)
  return act({ ...state, message: '' }, key, shownRows(state, rows))
}

/** Rows that the filter leaves. */
export function shownRows<R extends Row>(state: State, rows: readonly R[]): readonly R[] {
  const wanted = state.filter.toLowerCase()
  return wanted === '' ? rows : rows.filter(({ text }) => text.toLowerCase().includes(wanted))
}

/** The selected row's place; the first one when it is gone. */
export function selectedIndex(state: State, rows: readonly Row[]): number {
  return Math.max(
    0,
    rows.findIndex(({ key }) => key === state.selected),
  )
}

function answer(state: State, order: Order, key: string): Step {
  const asked = { ...state, prompt: undefined }
  return key.toLowerCase() === 'y' ? { state: asked, order } : { state: asked }
}

function type(state: State, { kind, text }: { kind: '/' | ':'; text: string }, key: string): Step {
  if (key === 'escape') {
    return { state: { ...state, prompt: undefined, filter: kind === '/' ? '' : state.filter } }
  }
  if (key === 'return') {
    const done = { ...state, prompt: undefined }
    return kind === '/' ? { state: done } : command(done, text.trim())
  }
  const longer = key === 'backspace' ? text.slice(0, -1) : key.length === 1 ? text + key : text
  const prompt = { kind, text: longer }
  return { state: { ...state, prompt, filter: kind === '/' ? longer : state.filter } }
}

function command(state: State, word: string): Step {
  if (['q', 'quit', 'exit'].includes(word)) return { state, order: { kind: 'quit' } }
  const view = views.find((one) => word !== '' && one.startsWith(word))
  if (view !== undefined) return { state: look(state, view) }
  return { state: { ...state, message: `no view is called ${word}: ${views.join(', ')}` } }
}

const look = (state: State, view: View): State => ({
  ...state,
  view,
  selected: undefined,
  filter: '',
})

/** Keys of a page of text. */
function turn(state: State, page: Page, key: string): Step {
  const by: Readonly<Record<string, number>> = {
    j: 1,
    down: 1,
    k: -1,
    up: -1,
    pagedown: 20,
    ' ': 20,
    pageup: -20,
    g: -Infinity,
    home: -Infinity,
    G: Infinity,
    end: Infinity,
  }
  if (['escape', 'q', 'return', 'left'].includes(key))
    return { state: { ...state, page: undefined } }
  const last = Math.max(0, page.lines.length - 1)
  const top = Math.min(last, Math.max(0, page.top + (by[key] ?? 0)))
  return { state: { ...state, page: { ...page, top } } }
}

function act(state: State, key: string, rows: readonly Row[]): Step {
  const at = selectedIndex(state, rows)
  const row = rows[at]
  const select = (index: number): Step => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, index))]
    return { state: { ...state, selected: next?.key } }
  }
  const view = views[Number(key) - 1]
  if (view !== undefined) return { state: look(state, view) }
  switch (key) {
    case 'j':
    case 'down':
      return select(at + 1)
    case 'k':
    case 'up':
      return select(at - 1)
    case 'pagedown':
      return select(at + 20)
    case 'pageup':
      return select(at - 20)
    case 'g':
    case 'home':
      return select(0)
    case 'G':
    case 'end':
      return select(rows.length - 1)
    case 'tab':
      return { state: look(state, views[(views.indexOf(state.view) + 1) % views.length]!) }
    case '/':
    case ':':
      return { state: { ...state, prompt: { kind: key, text: '' } } }
    case 'escape':
      return { state: { ...state, filter: '' } }
    case 'q':
      return { state, order: { kind: 'quit' } }
    default:
      return row === undefined ? { state } : onRow(state, key, row)
  }
}

function onRow(state: State, key: string, row: Row): Step {
  const { view } = state
  if (key === 'return' || key === 'd') return { state, order: { kind: 'show', view, key: row.key } }
  if (key === 'l' && view !== 'members') {
    return { state, order: { kind: 'logs', view, key: row.key } }
  }
  const kind = orderOf(view, key, row)
  if (kind === undefined) return { state }
  const question = `${kind} ${row.key}? (y/n)`
  return { state: { ...state, prompt: { kind: 'sure', order: { kind, key: row.key }, question } } }
}

function orderOf(view: View, key: string, { isOff }: Row) {
  if (view === 'jobs' && key === 'r') return 'run'
  if (view === 'jobs' && key === 'p') return isOff ? 'resume' : 'pause'
  if (view === 'runs' && key === 's') return isOff ? undefined : 'stop'
  if (view === 'members' && key === 'c') return isOff ? 'uncordon' : 'cordon'
  return undefined
}

/** The keys that do something here. */
export function keysText({ view, page }: State): string {
  if (page !== undefined) return 'j/k scroll  g/G ends  esc back'
  const own = {
    jobs: 'l logs  r run  p pause',
    runs: 'l logs  s stop',
    members: 'c cordon',
  }[view]
  return `j/k move  enter show  ${own}  / filter  : view  1-3  q quit`
}

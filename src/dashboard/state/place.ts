// The route and the reader's choices.

import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { parseRoute, withQuery, type Route } from '../model/route.ts'
import { zoneChoices, type ZoneChoice } from '../model/time.ts'

const fragment: Signal<string> = signal(location.hash)
export const route: ReadonlySignal<Route> = computed(() => parseRoute(fragment.value))

addEventListener('hashchange', () => {
  fragment.value = location.hash
})

/** Goes somewhere else, with a way back. */
export function go(href: string): void {
  location.hash = href
}

/** Changes the query of this place, without a way back for every letter of a filter. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const href = withQuery(route.value, changes)
  history.replaceState(null, '', href)
  fragment.value = href
}

/** After the session has changed the address. */
export function readPlace(): void {
  fragment.value = location.hash
}

export const browserZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone

export const zone: Signal<ZoneChoice> = signal(
  zoneChoices.find((choice) => choice === localStorage.getItem('meshcron.zone')) ?? 'browser',
)

/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark'
export const themes: readonly Theme[] = ['auto', 'light', 'dark']
export const theme: Signal<Theme> = signal(
  themes.find((one) => one === localStorage.getItem('meshcron.theme')) ?? 'auto',
)

const darkness = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark: Signal<boolean> = signal(darkness.matches)
darkness.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches
})

export const isDark: ReadonlySignal<boolean> = computed(() =>
  theme.value === 'auto' ? systemIsDark.value : theme.value === 'dark',
)

/** Keeps the choices in the browser and on the page. */
export function keepChoices(): void {
  effect(() => {
    localStorage.setItem('meshcron.zone', zone.value)
    localStorage.setItem('meshcron.theme', theme.value)
    document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light'
  })
}

// Facts about this program that the build puts in; from source they are read from the repository.

import { readFileSync } from 'node:fs'

declare const MESHCRON_VERSION: string | undefined
declare const MESHCRON_BUILD_MS: number | undefined

/** No true clock shows an earlier time than this, UTC ms. */
export const buildMs: number =
  typeof MESHCRON_BUILD_MS === 'number' ? MESHCRON_BUILD_MS : Date.UTC(2026, 10, 1)

export const version: string =
  typeof MESHCRON_VERSION === 'string' ? MESHCRON_VERSION : readVersion()

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

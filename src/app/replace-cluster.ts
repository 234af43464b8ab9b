// A node that goes over to another cluster: what the old one left is put aside, its jobs written out.

import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { calendarOfKey } from '../core/ids.ts'
import { toCalendarDocument } from '../core/jobs/calendars.ts'
import { Catalog } from '../core/jobs/catalog.ts'
import { toDocument } from '../core/jobs/document.ts'
import { openIntent } from '../core/jobs/intent.ts'
import { clusterIdOf } from '../core/trust/certificate.ts'
import { decodeCredentials } from '../core/trust/credentials.ts'
import type { KeyTools } from '../ports/key-tools.ts'
import type { Store } from '../ports/store.ts'
import { readKey } from './key-file.ts'
import { writeNew } from './private-file.ts'

/** What a cluster leaves in a data directory; the node's own keys are not of it. */
export const clusterFiles = [
  'certificate',
  'cluster.key',
  'network.key',
  'peers',
  'invites',
  'store.db',
  'store.db-wal',
  'store.db-shm',
  'high-water',
  'ballast',
] as const

/** The jobs and calendars of a store, in YAML as `meshcron apply` reads it. */
export function exportJobs(tools: KeyTools, dataDir: string, store: Pick<Store, 'load'>): string {
  const { crypto } = tools.signer(tools.randomKey())
  const clusterId = clusterIdIn(tools, dataDir)
  const catalog = new Catalog()
  for (const bytes of store.load().intents) {
    const opened = openIntent(crypto, clusterId, bytes)
    if (opened.ok) catalog.apply(opened.value.intent)
  }
  const calendars = catalog
    .calendars()
    .map(({ name, groups }) => toCalendarDocument(calendarOfKey(name)!, groups.calendar))
  const jobs = catalog.jobs().map(({ name, groups }) => toDocument(name, groups))
  return stringify({ ...(calendars.length > 0 && { calendars }), jobs })
}

function clusterIdIn(tools: KeyTools, dataDir: string): string {
  const file = join(dataDir, 'certificate')
  const held = existsSync(file) ? decodeCredentials(new Uint8Array(readFileSync(file))) : undefined
  if (held?.ok === true) return held.value.anchor.clusterId
  // before there were certificates, the network key was the cluster
  const networkKey = readKey(join(dataDir, 'network.key'))
  return networkKey?.ok === true ? clusterIdOf(tools.sha256, networkKey.value) : ''
}

/** Moves what the old cluster left into a folder of its own, and writes its jobs beside it. */
export function setAside(dataDir: string, jobs: string): string {
  let n = 1
  while (existsSync(join(dataDir, `replaced-${n}`))) n += 1
  const folder = join(dataDir, `replaced-${n}`)
  mkdirSync(folder, { mode: 0o700 })
  writeNew(join(folder, 'jobs.yaml'), jobs)
  for (const name of clusterFiles) {
    if (existsSync(join(dataDir, name))) renameSync(join(dataDir, name), join(folder, name))
  }
  return folder
}

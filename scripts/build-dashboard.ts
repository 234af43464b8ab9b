// Builds src/dashboard into a few files whose names carry the hash of their content, compressed once.
// `scripts/build.ts` puts them into the bundle; for a daemon that runs from source they lie in
// .cache/dashboard.json.
//
// node scripts/build-dashboard.ts: does nothing when nothing has changed since.

import { build, type Metafile, type OutputFile } from 'esbuild'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { PackedFile, PackedFiles } from '../src/app/dashboard-files.ts'

const house = resolve(import.meta.dirname, '..')
const source = join(house, 'src/dashboard')
/** What a daemon that runs from source serves. */
export const builtFile: string = join(house, '.cache/dashboard.json')
/** All files together, compressed: a slow uplink carries it in a few seconds. */
export const dashboardBytesMax = 100_000

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
}

/** Builds every file of the dashboard. */
export async function buildDashboard(): Promise<PackedFiles> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(source, 'main.tsx')],
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2024', 'chrome123', 'firefox128', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outdir: join(house, 'dist/assets'),
    write: false,
    metafile: true,
    legalComments: 'none',
    absWorkingDir: house,
    logLevel: 'warning',
  })
  const files: Record<string, PackedFile> = { '/': pack('html', pageOf(metafile)) }
  for (const file of outputFiles) files[pathOf(file)] = pack(endingOf(file.path), file.contents)
  const bytes = sizeOf(files)
  if (bytes > dashboardBytesMax) {
    throw new Error(`the dashboard has ${bytes} bytes, at most ${dashboardBytesMax} are allowed`)
  }
  return files
}

/** Bytes of all files as they are sent. */
export function sizeOf(files: PackedFiles): number {
  return Object.values(files).reduce((sum, { gzip }) => sum + Buffer.byteLength(gzip, 'base64'), 0)
}

function pageOf({ outputs }: Metafile): string {
  const entry = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint !== undefined)
  if (entry?.[1].cssBundle === undefined) throw new Error('esbuild made no script or no style')
  const [script, { cssBundle }] = entry
  return readFileSync(join(source, 'index.html'), 'utf8')
    .replace('{script}', `/assets/${basename(script)}`)
    .replace('{style}', `/assets/${basename(cssBundle)}`)
}

const pathOf = (file: OutputFile): string => `/assets/${basename(file.path)}`
const endingOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

function pack(ending: string, content: string | Uint8Array): PackedFile {
  const gzip = gzipSync(content, { level: 9 }).toString('base64')
  return { type: types[ending] ?? 'application/octet-stream', gzip }
}

/** Leaves the dashboard where a daemon that runs from source finds it. */
export async function refreshDashboard(): Promise<void> {
  const mark = markOf()
  if (readMark() === mark) return
  const files = await buildDashboard()
  mkdirSync(dirname(builtFile), { recursive: true })
  // several may start at once: each leaves a whole file
  const partial = `${builtFile}.${process.pid}`
  writeFileSync(partial, JSON.stringify(files))
  renameSync(partial, builtFile)
  writeFileSync(`${builtFile}.mark`, mark)
}

/** Differs when anything that the dashboard is made of may have changed. */
function markOf(): string {
  const hash = createHash('sha256')
  const files = globSync(['src/dashboard/**/*', 'src/core/**/*.ts', 'package-lock.json'], {
    cwd: house,
  })
  for (const file of [...files, 'scripts/build-dashboard.ts'].sort()) {
    const { mtimeMs, size } = statSync(join(house, file))
    hash.update(`${file}|${mtimeMs}|${size}\n`)
  }
  return hash.digest('hex')
}

function readMark(): string | undefined {
  try {
    statSync(builtFile)
    return readFileSync(`${builtFile}.mark`, 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) await refreshDashboard()

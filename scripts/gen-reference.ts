// Writes the pages of docs/reference that are made from code. test/tidy.test.ts fails when one of
// them is stale; `npm run reference` renews them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { errors, type ErrorMeaning } from '../src/core/errors.ts'

const house = resolve(import.meta.dirname, '..')

/** Path of each generated page, relative to the repository, and its text. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([['docs/reference/errors.md', errorPage()]])
}

function errorPage(): string {
  const rows = Object.entries(errors)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([code, error]) => row(code, error))
  return `# Error codes

<!-- Generated from src/core/errors.ts by \`npm run reference\`; do not edit. -->

Every failure that meshcron reports to a person or a program has one of these codes. Programs should
branch on the code: texts may change in any release, codes do not. The exit status is that of the
command line, the HTTP status that of the API.

| Code | Means | Exit status | HTTP status |
|---|---|---|---|
${rows.join('\n')}
`
}

function row(code: string, { meaning, exit, status }: ErrorMeaning): string {
  return `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} | ${exit} | ${status} |`
}

if (import.meta.main) {
  for (const [path, content] of referencePages()) {
    const file = join(house, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    console.log(path)
  }
}

// Writes the pages of docs/reference that are made from code. test/tidy.test.ts fails when one of
// them is stale; `npm run reference` renews them.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { routesOf } from '../src/adapters/http/app.ts'
import { describeApi } from '../src/adapters/http/openapi.ts'
import { optionNames, options } from '../src/app/config-options.ts'
import { errors, type ErrorMeaning } from '../src/core/errors.ts'

const house = resolve(import.meta.dirname, '..')

/** Path of each generated page, relative to the repository, and its text. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/errors.md', errorPage()],
    ['docs/reference/configuration.md', configurationPage()],
    ['docs/reference/openapi.json', apiDocument()],
  ])
}

/** The document that a node serves at /api/v1/openapi.json; routes describe themselves without serving. */
function apiDocument(): string {
  const { version } = JSON.parse(readFileSync(join(house, 'package.json'), 'utf8')) as {
    version: string
  }
  const routes = routesOf({} as Parameters<typeof routesOf>[0], version)
  return `${JSON.stringify(describeApi(routes, version), null, 2)}\n`
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

function configurationPage(): string {
  const rows = optionNames.map((name) => {
    const { flag, placeholder, env, key, unit, fallback } = options[name]
    const text = name === 'name' ? 'name of the host' : `\`${fallback}\``
    const usual = fallback === undefined ? 'none' : text
    const [flagText, keyText] = [`${flag} ${placeholder}`.trim(), key === null ? '–' : `\`${key}\``]
    return `| \`${flagText}\` | \`${env}\` | ${keyText} | ${unit} | ${usual} |`
  })
  const meanings = optionNames.map((name) => {
    const { flag, about, effect } = options[name]
    return `| \`${flag}\` | ${about} | ${effect} |`
  })
  return `# Configuration of a node

<!-- Generated from src/app/config-options.ts by \`npm run reference\`; do not edit. -->

An option is taken from the first of these places that has it: the flags of \`meshcron start\`, the
environment, \`meshcron.yaml\` in the data directory, the default. \`meshcron config explain\` shows
each value with its origin. A value that cannot be used stops the start with exit status 2 and the
code \`MC_BAD_CONFIG\`; nothing is guessed and no unknown key is passed over.

| Flag | Variable | Key in meshcron.yaml | Value | Default |
|---|---|---|---|---|
${rows.join('\n')}

| Flag | What it is | What another value changes |
|---|---|---|
${meanings.join('\n')}

Flags with several values are given several times. Variables take them separated by commas or spaces,
also under the plural of their name (\`MESHCRON_PEERS\`); an empty variable counts as none. The file
takes a list, for tags a map, and the spelling of the flag (\`network-key\`) as well as the key. A
list of a later place replaces the earlier one as a whole. Paths are relative to where they are
written: the working directory for flags and variables, the data directory for the file. Durations
carry their unit: \`500ms\`, \`10s\`, \`1h30m\`, \`2d\`.

\`\`\`yaml
# meshcron-data/meshcron.yaml
name: barn
peers: [pi1.local:7171, /ip4/10.0.0.7/tcp/7171]
tags: { site: north, role: web }
profile: wan
drain: 30s
\`\`\`

The files \`node.key\`, \`node.enc\`, \`network.key\`, \`cluster.key\` and \`api-token\` of the data directory are secrets: they are
made with mode 0600, and a node does not start when others may read them.
`
}

if (import.meta.main) {
  for (const [path, content] of referencePages()) {
    const file = join(house, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    console.log(path)
  }
}

import { stringify } from 'yaml'
import { leftOutText } from './translation.ts'
import type { Translation } from './translation.ts'

/** The documents as a file for `meshcron apply`, with what is different above each of them. */
export function shownAsYaml({ jobs, leftOut, notes }: Translation): string {
  const heads = [
    ...notes.map((note) => `# ${note}\n`),
    ...leftOut.map((one) => `# ${leftOutText(one)}\n`),
  ]
  const parts = jobs.map(({ document, source, differences }) => {
    const said = [`from ${source}`, ...differences].map((line) => `  # ${comment(line)}\n`)
    const [first = '', ...rest] = stringify(document, { lineWidth: 0 }).trimEnd().split('\n')
    const lines = [`  - ${first}`, ...rest.map((line) => (line === '' ? '' : `    ${line}`))]
    return `${said.join('')}${lines.join('\n')}\n`
  })
  const body = parts.length === 0 ? 'jobs: []\n' : `jobs:\n${parts.join('')}`
  return `${heads.join('')}${body}`
}

function comment(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

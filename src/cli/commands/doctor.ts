import { reading } from '../context.ts'
import type { Define } from '../context.ts'
import { examine } from '../doctor/checks.ts'
import type { Finding } from '../doctor/facts.ts'
import { gather } from '../doctor/gather.ts'
import { exitCodes } from '../exit-codes.ts'
import { oneLine, showData, writeLines } from '../output.ts'
import { painter } from '../style.ts'
import type { Colour } from '../style.ts'

const signs: Readonly<Record<Finding['level'], readonly [string, Colour]>> = {
  ok: ['√', 'green'],
  warn: ['‼', 'yellow'],
  bad: ['×', 'red'],
}

export const define: Define = (command, io) => {
  command.action(
    reading(io, async ({ client, format, options }) => {
      const findings = examine(await gather(io, client, options))
      const troubles = findings.filter(({ level }) => level !== 'ok')
      if (format === 'name') {
        writeLines(io, [...new Set(troubles.map(({ check }) => check))])
      } else if (!(await showData(io, format, { findings }))) {
        const paint = painter(io)
        for (const { level, check, message, fix } of findings) {
          const [sign, colour] = signs[level]
          io.stdout.write(`${paint(sign, colour)} ${check.padEnd(8)}  ${oneLine(message)}\n`)
          if (fix !== '') io.stdout.write(`  ${' '.repeat(8)}  fix: ${oneLine(fix)}\n`)
        }
      }
      if (findings.some(({ level }) => level === 'bad')) return exitCodes.failure
      return troubles.length === 0 ? exitCodes.ok : exitCodes.partial
    }),
  )
}

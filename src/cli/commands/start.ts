import { Option } from 'commander'
import { optionNames, options } from '../../app/config-options.ts'
import type { OptionName } from '../../app/config-options.ts'
import { action, collect } from '../context.ts'
import type { Define } from '../context.ts'

export const define: Define = (command, io) => {
  // The data directory is an option of every command.
  for (const name of optionNames.filter((one) => one !== 'dataDir')) {
    command.addOption(optionOf(name))
  }
  command.action(
    action<Readonly<Record<string, unknown>>>(io, async ({ options: given }) => {
      const flags = optionNames.map((name) => [name, given[optionOf(name).attributeName()]])
      const { runStart } = await import('../../app/start.ts')
      return await runStart(Object.fromEntries(flags))
    }),
  )
}

function optionOf(name: OptionName): Option {
  const { flag, placeholder, about, isMany } = options[name]
  const value = placeholder === '' ? '' : ` <${placeholder}>`
  const option = new Option(`${flag}${value}`, about)
  return isMany ? option.argParser(collect) : option
}

import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { contents } from '../bundle/contents.ts'
import { tar } from '../bundle/tar.ts'
import { usage } from '../cli-error.ts'
import { action } from '../context.ts'
import type { Define } from '../context.ts'
import { showOne } from '../output.ts'

interface Flags {
  readonly file?: string
  readonly dryRun?: boolean
}

export const define: Define = (command, io) => {
  command
    .option('--file <path>', 'where to write it (meshcron-bundle-TIME.tar.gz)')
    .option('--dry-run', 'print what would be in it, write nothing')
    .action(
      action<Flags>(io, async ({ client, format, options }) => {
        const entries = await contents(io, client, options)
        if (options.dryRun === true) {
          for (const { name, text } of entries) io.stdout.write(`── ${name}\n${text}`)
          return
        }
        const time = new Date(io.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
        const file = options.file ?? `meshcron-bundle-${time}.tar.gz`
        const bytes = gzipSync(tar(entries, io.nowMs()))
        write(file, bytes)
        const files = entries.map(({ name }) => name)
        const size = `${Math.ceil(bytes.length / 1_000)} kB`
        const lines = (): readonly string[] => [
          `${file}  ${size}, ${files.length} files; secrets are blanked, commands are not: look before you pass it on`,
        ]
        await showOne(io, format, {
          value: { file, bytes: bytes.length, files },
          name: file,
          lines,
        })
      }),
    )
}

/** Never over a file that is there, and for the owner alone. */
function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw usage(`${file} cannot be written: ${code}`, 'name another one with --file')
  }
}

// Formats the repository in place, or the paths given.

import { spawnSync } from 'node:child_process'
import { formatted } from './formatted.ts'

const paths = process.argv.length > 2 ? process.argv.slice(2) : formatted
const { status } = spawnSync('oxfmt', paths, { stdio: 'inherit' })
process.exitCode = status ?? 1

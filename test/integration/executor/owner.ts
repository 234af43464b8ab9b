// A daemon in miniature: starts the launches it is sent and tells what is reported, until it is
// killed.

import { openPolicy } from '../../../src/core/trust/policy.ts'
import { LocalExecutor } from '../../../src/adapters/executor/executor.ts'
import type { Launch } from '../../../src/core/effect.ts'

const executor = new LocalExecutor(
  { env: process.env },
  { dir: process.argv[2]!, policy: openPolicy },
)
process.on('message', (launch: Launch) => executor.launch(launch))
await executor.start((report) => process.send?.(report))
process.send?.('ready')

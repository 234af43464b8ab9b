// Child process: commits for ever and tells each number when its commit has returned.

import { writeSync } from 'node:fs'
import { openStore } from '../../../src/adapters/sqlite/open-store.ts'
import { StoreFailure } from '../../../src/adapters/sqlite/failure.ts'
import { stored } from '../../contract/store-records.ts'
import { intent } from './directory.ts'

const [dir, from] = process.argv.slice(2)
const store = openStore(dir!)
writeSync(1, 'open\n')
let failures = 0
for (let n = Number(from); failures < 3; n++) {
  try {
    const group = Array.from({ length: 1 + (n % 3) }, (_, k) => intent(`${n}.${k}`))
    store.commit([...group, { kind: 'seen', bytes: Buffer.from(String(n)) }], 'full')
    store.commit([{ kind: 'record', stored: stored('a', n) }], 'normal')
    writeSync(1, `${n}\n`)
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error
    failures += 1
    writeSync(1, `failed ${error.code} ${error.failure}\n`)
  }
}

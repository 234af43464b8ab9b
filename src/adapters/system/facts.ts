// What this machine tells of itself, for jobs that ask (`placement.where`). Sizes in bytes.

import { readdir, readFile, statfs } from 'node:fs/promises'
import { arch, availableParallelism, freemem, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Fact, Facts } from '../../core/placement/where.ts'

const suppliesDir = '/sys/class/power_supply'

/** Reads them anew; what cannot be found out is left out. */
export async function readFacts(dataDir: string, supplies: string = suppliesDir): Promise<Facts> {
  return {
    arch: arch(),
    os: platform(),
    kernel: release(),
    'cpu.count': availableParallelism(),
    'mem.total': totalmem(),
    'mem.free': freemem(),
    ...(await readDisk(dataDir)),
    ...(await readPower(supplies)),
  }
}

async function readDisk(dir: string): Promise<Facts> {
  try {
    const { bsize, blocks, bavail } = await statfs(dir)
    return { 'disk.total': bsize * blocks, 'disk.free': bsize * bavail }
  } catch {
    return {}
  }
}

/** Linux tells of each supply in a directory of its own; machines without any tell nothing. */
async function readPower(dir: string): Promise<Facts> {
  const facts: Record<string, Fact> = {}
  for (const supply of await readdir(dir).catch(() => [])) {
    const type = await readLine(join(dir, supply, 'type'))
    if (type === 'Mains' || type === 'USB') {
      const isOnline = (await readLine(join(dir, supply, 'online'))) === '1'
      facts['power.ac'] = facts['power.ac'] === true || isOnline
    }
    const capacity = await readLine(join(dir, supply, 'capacity'))
    if (type === 'Battery' && capacity !== undefined) facts['power.battery'] = Number(capacity)
  }
  return facts
}

async function readLine(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
}

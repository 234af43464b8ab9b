import { existsSync, renameSync } from 'node:fs'

/** Moves a database and its log aside, under the first free number; answers the new path. */
export function quarantine(path: string): string {
  let n = 1
  while (existsSync(`${path}.corrupt-${n}`)) n++
  const target = `${path}.corrupt-${n}`
  renameSync(path, target)
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix)
  }
  return target
}

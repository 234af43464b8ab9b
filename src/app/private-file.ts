// Private files are written as a whole or not at all, readable by their owner only.

import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file that is not there yet; false when it is. */
export function writeNew(path: string, content: string | Uint8Array): boolean {
  const draft = writeDraft(path, content)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // cards with a FAT file system know no links
    renameSync(draft, path)
    return true
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Writes a file in place of what was there; it is on the disk when this returns. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  renameSync(writeDraft(path, content), path)
  if (process.platform === 'win32') return
  // the new name is written with the directory
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function writeDraft(path: string, content: string | Uint8Array): string {
  const draft = `${path}.${process.pid}`
  const file = openSync(draft, 'w', 0o600)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return draft
}

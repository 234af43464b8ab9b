import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { OutputPage } from '../../ports/executor.ts'
import { blocksOf, droppedOf, keptOf, type OutputShape, spanAt } from './output-shape.ts'
import type { Recording } from './recording.ts'

// Header: magic, head and tail size, then the length of the whole output. The shape is stored
// because a later version may keep more or less.
const headerBytes = 32
const magic = 0x4d_43_4f_31

/** Bytes that the file of an output of this length takes. */
export function fileBytesOf(shape: OutputShape, total: number): number {
  return headerBytes + Math.min(total, shape.headBytes + shape.tailBytes)
}

/**
 * Writes what is new since the output was `flushed` long. The file is open only meanwhile, so that
 * running attempts cost one descriptor each.
 */
export function writeOutputFile(path: string, recording: Recording, flushed: number): void {
  const { shape, total, block } = recording
  const fd = openSync(path, flushed === 0 ? 'w' : 'r+', 0o600)
  try {
    for (const span of keptOf(shape, { from: flushed, to: total })) {
      for (const { index, length } of blocksOf(shape, span)) {
        writeSync(fd, block, index, length, headerBytes + index)
      }
    }
    const header = Buffer.alloc(headerBytes)
    header.writeUInt32BE(magic, 0)
    header.writeUInt32BE(shape.headBytes, 4)
    header.writeUInt32BE(shape.tailBytes, 8)
    header.writeDoubleBE(total, 16)
    writeSync(fd, header, 0, headerBytes, 0)
  } finally {
    closeSync(fd)
  }
}

/** A page of an output that has ended; undefined when there is no such file or it is damaged. */
export function readOutputFile(
  path: string,
  offset: number,
  bytesMax: number,
): OutputPage | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const header = Buffer.alloc(headerBytes)
    if (readSync(fd, header, 0, headerBytes, 0) < headerBytes) return undefined
    if (header.readUInt32BE(0) !== magic) return undefined
    const shape = { headBytes: header.readUInt32BE(4), tailBytes: header.readUInt32BE(8) }
    const total = header.readDoubleBE(16)
    const span = spanAt(shape, total, offset, bytesMax)
    const bytes = new Uint8Array(span.to - span.from)
    for (const { from, index, length } of blocksOf(shape, span)) {
      readSync(fd, bytes, from - span.from, length, headerBytes + index)
    }
    return { offset: span.from, bytes, total, dropped: droppedOf(shape, total), ended: true }
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

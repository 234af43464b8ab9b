// One write of the core as a row.

import type { Write } from '../../core/effect.ts'
import type { Database } from './database.ts'
import type { History } from './history.ts'
import { intentHead, watermarkHead } from './loading.ts'
import { writeMeta } from './meta.ts'
import { rowSum } from './row-sum.ts'

/** Applies a write, inside a transaction. */
export function applyWrite(database: Database, history: History, write: Write): void {
  switch (write.kind) {
    case 'intent': {
      const { id, job, bytes } = write
      database
        .prepare(
          `INSERT INTO intent SELECT ?1, ?2, ?3, ?4
           WHERE NOT EXISTS (SELECT 1 FROM intent WHERE id = ?1)`,
        )
        .run(id, job, bytes, rowSum(intentHead(id, job), bytes))
      return
    }
    case 'forgetIntent':
      database.prepare('DELETE FROM intent WHERE id = ?').run(write.id)
      return
    case 'record':
      history.write(write.stored)
      return
    case 'seen':
      writeMeta(database, 'seen', write.bytes)
      return
    case 'watermark':
      database
        .prepare(
          `INSERT INTO watermark VALUES (?1, ?2, ?3)
           ON CONFLICT DO UPDATE SET due = ?2, sum = ?3 WHERE ?2 > due`,
        )
        .run(write.job, write.dueMs, rowSum(watermarkHead(write.job, write.dueMs)))
      return
    case 'member':
      database
        .prepare(
          'INSERT INTO member VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET bytes = ?2, sum = ?3',
        )
        .run(write.member, write.bytes, rowSum(write.member, write.bytes))
      return
    case 'tally':
      writeMeta(database, `tally/${write.tally.job}`, Buffer.from(JSON.stringify(write.tally)))
      return
    case 'register':
      database
        .prepare(
          'INSERT INTO register VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET bytes = ?2, sum = ?3',
        )
        .run(write.key, write.bytes, rowSum(write.key, write.bytes))
      return
    case 'notice':
      if (write.bytes === null) database.prepare('DELETE FROM notice WHERE key = ?').run(write.key)
      else
        database
          .prepare(
            'INSERT INTO notice VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET bytes = ?2, sum = ?3',
          )
          .run(write.key, write.bytes, rowSum(write.key, write.bytes))
      return
    case 'self':
      writeMeta(database, 'self', Buffer.from(JSON.stringify(write.self)))
      return
  }
}

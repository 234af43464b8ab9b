/**
 * Tables grow at their end: the row's number is the only order on disk, everything else is an index.
 * A history clustered by (job, time) would write each tick of each job into a page of its own, which
 * made batches seven times slower. The version and a hash of the schema's own text are kept in
 * `meta`, under a sum, because a flipped bit in either would be read as another version.
 */
import { hash } from 'node:crypto'
import type { Database } from './database.ts'
import { StoreOpenError } from './failure.ts'
import { readMeta, writeMeta } from './meta.ts'

/** Step i leads from version i to version i + 1; published steps never change. */
const steps: readonly string[] = [
  `
  CREATE TABLE intent (
    id TEXT NOT NULL, job TEXT NOT NULL, bytes BLOB NOT NULL, sum BLOB NOT NULL
  );
  -- not unique: a flipped bit could make two ids equal, and the index could not be made again
  CREATE INDEX intent_id ON intent (id);
  CREATE TABLE watermark (job TEXT PRIMARY KEY, due INTEGER NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE member (member TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;

  -- place: the id of the slot's first row, so that a slot keeps its place in lists
  -- head: the row that speaks for its slot; twin: two members started one attempt of the slot
  CREATE TABLE record (
    id INTEGER PRIMARY KEY, place INTEGER NOT NULL, head INTEGER NOT NULL, twin INTEGER NOT NULL,
    state TEXT NOT NULL, author TEXT NOT NULL, actor TEXT NOT NULL, seq INTEGER NOT NULL,
    execution TEXT NOT NULL, job TEXT NOT NULL, generation INTEGER NOT NULL, due INTEGER NOT NULL,
    slot TEXT NOT NULL, attempt INTEGER NOT NULL, phase TEXT NOT NULL, executor TEXT,
    origin TEXT NOT NULL, why TEXT NOT NULL, rank INTEGER NOT NULL, claimed INTEGER,
    started INTEGER, ended INTEGER, outcome TEXT, reason TEXT NOT NULL, exit INTEGER,
    next INTEGER, fence INTEGER NOT NULL, output INTEGER NOT NULL, dropped INTEGER NOT NULL,
    through INTEGER NOT NULL, count INTEGER NOT NULL, bytes BLOB NOT NULL, sum BLOB NOT NULL
  );
  CREATE INDEX record_slot ON record (execution, slot);
  CREATE INDEX record_dot ON record (actor, seq);
  CREATE INDEX record_job ON record (job, due, place);
  CREATE INDEX record_due ON record (due, place) WHERE head = 1;
  CREATE INDEX record_state ON record (state, due, place) WHERE head = 1 AND state <> 'success';
  CREATE INDEX record_open ON record (id) WHERE phase <> 'ended';
  CREATE INDEX record_dispatch ON record (due) WHERE origin = 'dispatch';
  CREATE INDEX record_twin ON record (execution, slot, attempt) WHERE twin = 1;
  CREATE INDEX record_range ON record (job, through) WHERE count > 1;
  `,
  `
  CREATE TABLE register (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE notice (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
  `,
]

/** Version that this program writes. */
export const schemaVersion: number = steps.length

/** Whether the file holds nothing yet. */
export function isFresh(database: Database): boolean {
  return Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) === 0
}

/** Brings the tables to this version, or to an older one for tests; refuses those of a later one. */
export function migrate(database: Database, target: number = schemaVersion): void {
  const version = isFresh(database) ? 0 : readVersion(database)
  if (version > schemaVersion) {
    throw new StoreOpenError(
      'MC_DATA_DIR',
      `the store was written by a newer meshcron (schema ${version}, this one knows ${schemaVersion})`,
      'start the newer version again, or use another data directory',
    )
  }
  if (version === target) return
  database.transaction('full', () => {
    if (version === 0) database.exec(metaTable)
    for (const step of steps.slice(version, target)) database.exec(step)
    writeMeta(database, 'schema', Buffer.from(`${target} ${schemaHash(database)}`))
  })
}

const metaTable =
  'CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID'

/** Thrown where the content shows damage that SQLite did not see. */
export class DamageError extends Error {
  override readonly name = 'DamageError'
}

function readVersion(database: Database): number {
  const value = readMeta(database, 'schema')
  const [version, hash] = value === undefined ? [] : Buffer.from(value).toString().split(' ')
  if (hash !== schemaHash(database)) throw new DamageError('the schema is not what was written')
  return Number(version)
}

function schemaHash(database: Database): string {
  const rows = database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name')
    .all()
  return hash('sha256', JSON.stringify(rows.map((row) => Object.values(row)))).slice(0, 32)
}

// What the daemon answers. Types only: nothing of the server is loaded by a page.

export type * from '../adapters/http/schema.ts'

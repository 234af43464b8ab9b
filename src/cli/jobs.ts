import type { Job, JobPage } from './answers.ts'
import type { Client, Query } from './client.ts'

/** Reads all pages. */
export async function readJobs(client: Client, query: Query = {}): Promise<readonly Job[]> {
  const items: Job[] = []
  let cursor: string | undefined
  do {
    const page = await client.get<JobPage>('/jobs', { ...query, limit: 1_000, cursor })
    items.push(...page.items)
    cursor = page.cursor ?? undefined
  } while (cursor !== undefined)
  return items
}

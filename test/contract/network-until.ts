import assert from 'node:assert/strict'

const pollMs = 5

/** Waits for a fact; fails with `what` after `withinMs`. */
export async function until(what: string, fact: () => boolean, withinMs = 15_000): Promise<void> {
  if (!(await poll(fact, withinMs))) assert.fail(`not within ${withinMs} ms: ${what}`)
}

/** Watches that something does not become true for a while. */
export async function never(what: string, fact: () => boolean, forMs: number): Promise<void> {
  if (await poll(fact, forMs)) assert.fail(`happened: ${what}`)
}

async function poll(fact: () => boolean, withinMs: number): Promise<boolean> {
  if (fact()) return true
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const deadline = performance.now() + withinMs
  const timer = setInterval(() => {
    if (fact()) resolve(true)
    else if (performance.now() > deadline) resolve(false)
  }, pollMs)
  try {
    return await promise
  } finally {
    clearInterval(timer)
  }
}

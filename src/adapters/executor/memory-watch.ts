// Memory of an attempt: what all processes of its session hold that is not a file's. It is looked at
// now and then, so a command can exceed its limit for that long; it needs no rights and no cgroup.

import { sessionMemory } from './proc.ts'

const lookMs = 200

interface Watched {
  readonly bytesMax: number
  readonly exceeded: (bytes: number) => void
}

export class MemoryWatch {
  readonly #watched = new Map<number, Watched>()
  #isDue = false

  /** Calls `exceeded` once when the session of `pid` holds more; until the returned function is called. */
  add(pid: number, bytesMax: number, exceeded: (bytes: number) => void): () => void {
    this.#watched.set(pid, { bytesMax, exceeded })
    if (!this.#isDue) this.#lookIn(0)
    return () => {
      this.#watched.delete(pid)
    }
  }

  #lookIn(ms: number): void {
    this.#isDue = true
    setTimeout(() => this.#look(), ms)
  }

  #look(): void {
    this.#isDue = false
    const held = sessionMemory(new Set(this.#watched.keys()))
    for (const [pid, bytes] of held) {
      const watched = this.#watched.get(pid)
      if (watched === undefined || bytes <= watched.bytesMax) continue
      this.#watched.delete(pid)
      watched.exceeded(bytes)
    }
    if (this.#watched.size > 0) this.#lookIn(lookMs)
  }
}

/**
 * The agenda: for each job the instant of its next tick, and which of them are due.
 *
 * A binary heap in typed arrays: `#heap` holds keys ordered by (instant, key), `#position` says where
 * a key stands, so that a change or a removal costs one walk and leaves nothing behind. A key is a
 * small number that belongs to a name until `delete`; taking out what is due keeps it, because the
 * same job is set again at once. 16 bytes per job, plus the map from name to key. Instants are all
 * it knows: patterns stay in the job's timing.
 */

/** A tick that is due. */
export interface Due {
  readonly name: string
  readonly atMs: number
}

const CAPACITY_MIN = 64
/** Position of a key that has no instant. */
const ABSENT = 0xffff_ffff

export class Agenda {
  readonly #keys = new Map<string, number>()
  readonly #names: (string | undefined)[] = []
  readonly #free: number[] = []
  #at = new Float64Array(CAPACITY_MIN)
  #heap = new Uint32Array(CAPACITY_MIN)
  #position = new Uint32Array(CAPACITY_MIN)
  #size = 0

  /** Jobs that have an instant. */
  get size(): number {
    return this.#size
  }

  /** Sets or replaces the instant of a job. */
  set(name: string, atMs: number): void {
    const key = this.#keys.get(name) ?? this.#admit(name)
    this.#at[key] = atMs
    const position = this.#position[key]!
    if (position !== ABSENT) {
      this.#sift(position)
      return
    }
    this.#place(this.#size, key)
    this.#siftUp(this.#size++)
  }

  /** Forgets a job; false when it had no instant. */
  delete(name: string): boolean {
    const key = this.#keys.get(name)
    if (key === undefined) return false
    this.#keys.delete(name)
    this.#names[key] = undefined
    this.#free.push(key)
    return this.#take(key)
  }

  /** The instant of a job. */
  get(name: string): number | undefined {
    const key = this.#keys.get(name)
    return key === undefined || this.#position[key] === ABSENT ? undefined : this.#at[key]
  }

  /** The earliest instant, undefined when empty. */
  peekMs(): number | undefined {
    return this.#size === 0 ? undefined : this.#at[this.#heap[0]!]
  }

  /** Takes out what is due at `nowMs`, earliest first, at most `max`: the caller slices its work. */
  popDue(nowMs: number, max: number): Due[] {
    const due: Due[] = []
    while (due.length < max && this.#size > 0) {
      const key = this.#heap[0]!
      const atMs = this.#at[key]!
      if (atMs > nowMs) break
      due.push({ name: this.#names[key]!, atMs })
      this.#take(key)
    }
    return due
  }

  /** Gives a name its key. */
  #admit(name: string): number {
    const key = this.#free.pop() ?? this.#names.length
    if (key >= this.#at.length) this.#grow()
    this.#keys.set(name, key)
    this.#names[key] = name
    this.#position[key] = ABSENT
    return key
  }

  /** Takes a key out of the heap; false when it was not in. */
  #take(key: number): boolean {
    const hole = this.#position[key]!
    if (hole === ABSENT) return false
    this.#position[key] = ABSENT
    this.#size--
    if (hole < this.#size) {
      this.#place(hole, this.#heap[this.#size]!)
      this.#sift(hole)
    }
    return true
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#at[a]! - this.#at[b]!
    return difference < 0 || (difference === 0 && a < b)
  }

  #place(position: number, key: number): void {
    this.#heap[position] = key
    this.#position[key] = position
  }

  #sift(position: number): void {
    this.#siftDown(this.#siftUp(position))
  }

  #siftUp(from: number): number {
    const key = this.#heap[from]!
    let position = from
    while (position > 0) {
      const parent = (position - 1) >> 1
      const above = this.#heap[parent]!
      if (!this.#isBefore(key, above)) break
      this.#place(position, above)
      position = parent
    }
    this.#place(position, key)
    return position
  }

  #siftDown(from: number): void {
    const key = this.#heap[from]!
    let position = from
    for (;;) {
      let child = 2 * position + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!))
        child++
      if (!this.#isBefore(this.#heap[child]!, key)) break
      this.#place(position, this.#heap[child]!)
      position = child
    }
    this.#place(position, key)
  }

  #grow(): void {
    const capacity = this.#at.length * 2
    const at = new Float64Array(capacity)
    const heap = new Uint32Array(capacity)
    const position = new Uint32Array(capacity)
    at.set(this.#at)
    heap.set(this.#heap)
    position.set(this.#position)
    this.#at = at
    this.#heap = heap
    this.#position = position
  }
}

// "Did you mean": the known word that is closest to what somebody typed.

/** The known word nearest to `word`, or undefined when none is near enough to be meant. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const plain = simplify(word)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.min(3, Math.floor(plain.length / 3))) + 1
  for (const candidate of known) {
    const distance = editDistance(plain, simplify(candidate))
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** The hint for a word that is not known: the one that was meant, else what `otherwise` says. */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const meant = suggest(word, known)
  return meant === undefined ? otherwise : `did you mean "${meant}"?`
}

/** `kill_after`, `KillAfter` and `killAfter` are the same word to a person. */
const simplify = (word: string): string => word.toLowerCase().replaceAll(/[_\- ]/g, '')

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(replaced, above[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1)
      }
      row.push(cost)
    }
    before = above
    above = row
  }
  return above[b.length]!
}

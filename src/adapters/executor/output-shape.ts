// Output is kept as its first bytes (the head) and its last bytes (the tail). Both lie in one block:
// the head as it came, then the tail as a ring. Memory and file have the same layout, so a flush
// copies only what is new, and a job that prints for hours writes each byte to the disk once.

/** How much of an output is kept. */
export interface OutputShape {
  readonly headBytes: number
  readonly tailBytes: number
}

/** A range of the output, in positions of the whole. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Bytes between head and tail that are not kept. */
export function droppedOf(shape: OutputShape, total: number): number {
  return Math.max(0, total - shape.headBytes - shape.tailBytes)
}

/** The same when the first `fullBytes` are kept elsewhere. */
export function droppedBeside(shape: OutputShape, total: number, fullBytes: number): number {
  return Math.max(0, total - Math.max(shape.headBytes, fullBytes) - shape.tailBytes)
}

/** The kept range that a reader at `offset` gets next: it never spans the gap. */
export function spanAt(shape: OutputShape, total: number, offset: number, bytesMax: number): Span {
  const gapEnd = shape.headBytes + droppedOf(shape, total)
  const asked = Math.min(Math.max(0, offset), total)
  const isHead = asked < shape.headBytes
  const from = isHead ? asked : Math.max(asked, Math.min(gapEnd, total))
  const end = isHead && gapEnd > shape.headBytes ? shape.headBytes : total
  return { from, to: Math.min(end, from + Math.max(0, bytesMax)) }
}

/** The part of newly written `span` that is still kept when the output is `span.to` long. */
export function keptOf(shape: OutputShape, span: Span): readonly Span[] {
  const headEnd = Math.min(span.to, shape.headBytes)
  const tailStart = Math.max(span.from, shape.headBytes, span.to - shape.tailBytes)
  const spans: Span[] = []
  if (span.from < headEnd) spans.push({ from: span.from, to: headEnd })
  if (tailStart < span.to) spans.push({ from: tailStart, to: span.to })
  return spans
}

/** Where a kept range lies in the block, in order; `from` is its position in the whole. */
export function blocksOf(
  shape: OutputShape,
  span: Span,
): readonly { readonly from: number; readonly index: number; readonly length: number }[] {
  const blocks: { from: number; index: number; length: number }[] = []
  const { headBytes, tailBytes } = shape
  for (let from = span.from; from < span.to;) {
    const index = from < headBytes ? from : headBytes + ((from - headBytes) % tailBytes)
    const end = from < headBytes ? headBytes : headBytes + tailBytes
    const length = Math.min(span.to - from, end - index)
    blocks.push({ from, index, length })
    from += length
  }
  return blocks
}

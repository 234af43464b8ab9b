// The window onto time that the timeline shows. While it is live the NOW line stands still and time
// moves under it; whoever drags it looks at a fixed window.

export interface Viewport {
  readonly spanMs: number
  /** Right of NOW is what is predicted; undefined: live. */
  readonly fromMs: number | undefined
}

export const spanMinMs = 60_000
export const spanMaxMs: number = 7 * 86_400_000
/** Where NOW stands in a live window. */
export const nowShare = 0.72

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The windows that have a button. */
export const spans: readonly string[] = ['1m', '10m', '1h', '6h', '1d', '7d']

/** Reads `10m`; bounds it; the usual one where the text is none. */
export function parseSpan(text: string | undefined, usual = '10m'): number {
  const match = /^(\d{1,7})([smhd])$/.exec(text ?? usual)
  if (match === null) return parseSpan(usual)
  return clampSpan(Number(match[1]) * units[match[2]!]!)
}

/** The shortest text of a span, in whole seconds. */
export function spanName(spanMs: number): string {
  const seconds = Math.round(spanMs / 1_000)
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const) {
    if (seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}

const clampSpan = (ms: number): number => Math.min(spanMaxMs, Math.max(spanMinMs, ms))

/** The instants at the edges. */
export function edgesOf(
  { spanMs, fromMs }: Viewport,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const first = fromMs ?? nowMs - nowShare * spanMs
  return { fromMs: first, toMs: first + spanMs }
}

/** Zooms around a place from 0 (left edge) to 1; a live window stays live. */
export function zoomed(view: Viewport, factor: number, at: number, nowMs: number): Viewport {
  const spanMs = clampSpan(view.spanMs * factor)
  if (view.fromMs === undefined) return { spanMs, fromMs: undefined }
  const anchorMs = edgesOf(view, nowMs).fromMs + at * view.spanMs
  return { spanMs, fromMs: anchorMs - at * spanMs }
}

/** Moves by a share of the window; positive is later. */
export function panned(view: Viewport, share: number, nowMs: number): Viewport {
  const { fromMs } = edgesOf(view, nowMs)
  return { spanMs: view.spanMs, fromMs: fromMs + share * view.spanMs }
}

/** Back to NOW. */
export const live = ({ spanMs }: Viewport): Viewport => ({ spanMs, fromMs: undefined })

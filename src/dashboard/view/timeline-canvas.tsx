// The canvas of the timeline: drawn when something changes or time has moved by a pixel, dragged,
// zoomed and walked through by keys.

import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { hintOfExecution, hintOfTick, type Hint } from '../model/hint.ts'
import { hrefOf } from '../model/route.ts'
import { hitOf, sceneOf, stepFrom, type Mark, type Scene, type SceneInit } from '../model/scene.ts'
import { live, panned, zoomed, type Viewport } from '../model/viewport.ts'
import { clusterNow } from '../state/fleet.ts'
import { go, isDark } from '../state/place.ts'
import { paint, paletteOf, type Palette } from './paint.ts'

export interface TimelineProps extends Omit<SceneInit, 'nowMs' | 'width'> {
  readonly onViewport: (viewport: Viewport) => void
  readonly label: string
}

/** Where the mouse is, or the keys. */
interface Pointed {
  readonly mark: Mark
  readonly x: number
  readonly y: number
}

const framePauseMs = 40

export function TimelineCanvas(props: TimelineProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [pointed, setPointed] = useState<Pointed>()
  const [selected, setSelected] = useState<string>()
  const scene = useScene(canvas, props, pointed?.mark, selected)
  const drag = useDrag(props, scene, setPointed)
  const hint = pointed === undefined ? undefined : hintOf(pointed.mark, props.zone)
  return (
    <div class="canvas-box">
      <canvas
        ref={canvas}
        tabIndex={0}
        aria-label={props.label}
        aria-describedby="timeline-keys"
        {...drag}
        onKeyDown={(event) => {
          const mark = onKey(event, props, scene.current, selected)
          if (mark === undefined) return
          setSelected(mark.key)
          setPointed({ mark, x: mark.x, y: mark.y + mark.h })
        }}
        onBlur={() => {
          setSelected(undefined)
          setPointed(undefined)
        }}
      />
      {hint === undefined ? null : (
        <HintBox hint={hint} pointed={pointed!} width={scene.current?.width ?? 0} />
      )}
      <p class="unseen" aria-live="polite">
        {selected === undefined || hint === undefined
          ? ''
          : `${hint.title}: ${hint.lines.join(', ')}`}
      </p>
    </div>
  )
}

function HintBox(props: { hint: Hint; pointed: Pointed; width: number }): VNode {
  const { hint, pointed, width } = props
  const isRight = pointed.x > width / 2
  const across = isRight
    ? { right: `${width - pointed.x + 10}px` }
    : { left: `${pointed.x + 10}px` }
  return (
    <div class="hint" style={{ top: `${pointed.y + 12}px`, ...across }} aria-hidden="true">
      <strong class="mono">{hint.title}</strong>
      {hint.lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  )
}

function hintOf({ bar, tick }: Mark, zone: string): Hint {
  return bar === undefined ? hintOfTick(tick!, zone) : hintOfExecution(bar.item, zone, clusterNow())
}

/** Keeps the canvas painted; the reference holds what it shows. */
function useScene(
  canvas: { readonly current: HTMLCanvasElement | null },
  props: TimelineProps,
  hovered: Mark | undefined,
  selected: string | undefined,
): { current: Scene | undefined } {
  const scene = useRef<Scene | undefined>(undefined)
  const palette = useRef<Palette | undefined>(undefined)
  const latest = useRef({ props, hovered, selected })
  latest.current = { props, hovered, selected }
  const draw = (): void => {
    const element = canvas.current
    if (element === null || palette.current === undefined) return
    const width = element.parentElement!.clientWidth
    const made = sceneOf({ ...latest.current.props, nowMs: clusterNow(), width })
    scene.current = made
    fit(element, made)
    const find = (key: string | undefined): Mark | undefined =>
      key === undefined ? undefined : made.marks.find((mark) => mark.key === key)
    const over = latest.current.hovered
    paint(element.getContext('2d')!, made, palette.current, {
      hovered: find(over?.key),
      selected: find(latest.current.selected),
    })
  }
  useLayoutEffect(() => {
    palette.current = paletteOf(canvas.current!.parentElement!)
    draw()
  }, [isDark.value])
  useLayoutEffect(draw)
  useEffect(
    () => keepDrawing(canvas.current!, () => latest.current.props.viewport.spanMs, draw),
    [],
  )
  return scene
}

/** Draws again whenever time has moved by a pixel, and when the size changes. */
function keepDrawing(
  element: HTMLCanvasElement,
  spanMs: () => number,
  draw: () => void,
): () => void {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)')
  let drawnMs = 0
  let frame = 0
  const tick = (atMs: number): void => {
    const pixelMs = spanMs() / Math.max(1, element.clientWidth)
    const pauseMs = isCalm.matches ? 1_000 : Math.min(1_000, Math.max(framePauseMs, pixelMs))
    if (atMs - drawnMs >= pauseMs) {
      drawnMs = atMs
      draw()
    }
    frame = requestAnimationFrame(tick)
  }
  frame = requestAnimationFrame(tick)
  const sizes = new ResizeObserver(draw)
  sizes.observe(element.parentElement!)
  return () => {
    cancelAnimationFrame(frame)
    sizes.disconnect()
  }
}

function fit(element: HTMLCanvasElement, { width, height }: Scene): void {
  const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)]
  if (element.width === w && element.height === h) return
  element.width = w
  element.height = h
  element.style.width = `${width}px`
  element.style.height = `${height}px`
}

/** A drag that may still turn out to be a click. */
interface Grab {
  readonly x: number
  readonly viewport: Viewport
  isMoved: boolean
}

/** Pointer and wheel: hover, click, drag, zoom around the pointer. */
function useDrag(
  props: TimelineProps,
  scene: { readonly current: Scene | undefined },
  setPointed: (pointed: Pointed | undefined) => void,
): Record<string, (event: never) => void> {
  const grabbed = useRef<Grab | undefined>(undefined)
  const find = (event: MouseEvent): Pointed | undefined => {
    const { offsetX: x, offsetY: y } = event
    const mark = scene.current === undefined ? undefined : hitOf(scene.current, x, y)
    return mark === undefined ? undefined : { mark, x, y }
  }
  const width = (): number => scene.current?.width ?? 1
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return
      ;(event.currentTarget as Element).setPointerCapture(event.pointerId)
      grabbed.current = { x: event.offsetX, viewport: props.viewport, isMoved: false }
    },
    onPointerMove: (event: PointerEvent) => {
      const grab = grabbed.current
      if (grab === undefined) return setPointed(find(event))
      const movedPx = event.offsetX - grab.x
      if (!grab.isMoved && Math.abs(movedPx) < 4) return
      grab.isMoved = true
      setPointed(undefined)
      props.onViewport(panned(grab.viewport, -movedPx / width(), clusterNow()))
    },
    onPointerUp: (event: PointerEvent) => {
      const isClick = grabbed.current?.isMoved === false
      grabbed.current = undefined
      if (isClick) open(find(event)?.mark)
    },
    onPointerLeave: () => setPointed(undefined),
    onWheel: (event: WheelEvent) => {
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
      // without a key the wheel belongs to the page
      if (!isSideways && !event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const px = isSideways ? event.deltaX + event.deltaY : event.deltaY
      const next = isSideways
        ? panned(props.viewport, px / width(), clusterNow())
        : zoomed(props.viewport, Math.exp(px / 300), event.offsetX / width(), clusterNow())
      props.onViewport(next)
    },
  }
}

function open(mark: Mark | undefined): void {
  if (mark?.bar !== undefined) go(hrefOf(['executions', mark.bar.item.id]))
  else if (mark?.tick !== undefined) go(hrefOf(['jobs', mark.tick.job]))
}

/** Acts on a key; the answer is what it selects. */
function onKey(
  event: KeyboardEvent,
  { viewport, onViewport }: TimelineProps,
  scene: Scene | undefined,
  selected: string | undefined,
): Mark | undefined {
  const nowMs = clusterNow()
  const views: Readonly<Record<string, () => Viewport>> = {
    ArrowLeft: () => panned(viewport, -0.1, nowMs),
    ArrowRight: () => panned(viewport, 0.1, nowMs),
    '+': () => zoomed(viewport, 0.5, 0.5, nowMs),
    '-': () => zoomed(viewport, 2, 0.5, nowMs),
    n: () => live(viewport),
  }
  const view = views[event.key]
  if (view !== undefined) {
    event.preventDefault()
    event.stopPropagation()
    onViewport(view())
    return undefined
  }
  if (scene === undefined) return undefined
  const steps: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1 }
  const step = steps[event.key]
  if (step !== undefined) {
    event.preventDefault()
    return stepFrom(scene, selected, step)
  }
  if (event.key === 'Enter') open(scene.marks.find(({ key }) => key === selected))
  return undefined
}

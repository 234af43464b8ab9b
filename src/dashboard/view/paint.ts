// Puts a scene on a canvas. Ten thousand rectangles are cheap there and dear in a document.

import type { Tone } from '../model/outcome.ts'
import { axisHeight, type Link, type Mark, type Scene, type Shade } from '../model/scene.ts'

/** Colours of the theme, as the canvas needs them. */
export interface Palette {
  readonly tones: Readonly<Record<Tone, string>>
  readonly ink: string
  readonly quiet: string
  readonly line: string
  readonly sunken: string
  readonly paper: string
  readonly now: string
  readonly link: string
}

/** Reads the colours off the page: only there are they settled for the theme. */
export function paletteOf(element: HTMLElement): Palette {
  const probe = document.createElement('i')
  element.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const palette: Palette = {
    tones: {
      ok: read('ok'),
      busy: read('busy'),
      bad: read('bad'),
      warn: read('warn'),
      quiet: read('idle'),
      lost: read('lost'),
    },
    ink: read('ink'),
    quiet: read('quiet'),
    line: read('line'),
    sunken: read('sunken'),
    paper: read('paper'),
    now: read('now'),
    link: read('link'),
  }
  probe.remove()
  return palette
}

type Context = CanvasRenderingContext2D

export interface Highlight {
  readonly hovered: Mark | undefined
  readonly selected: Mark | undefined
}

export function paint(context: Context, scene: Scene, palette: Palette, marked: Highlight): void {
  const { width, height, nowX } = scene
  const scale = devicePixelRatio
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  // what is still to come lies on other ground
  context.fillStyle = palette.sunken
  if (nowX < width)
    context.fillRect(Math.max(0, nowX), axisHeight, width - Math.max(0, nowX), height)
  paintGrid(context, scene, palette)
  for (const shade of scene.shades) paintShade(context, shade, palette)
  paintMarks(context, scene.marks, palette)
  for (const link of scene.links) paintLink(context, link, palette)
  if (marked.selected !== undefined) outline(context, marked.selected, palette.link, 2)
  if (marked.hovered !== undefined) outline(context, marked.hovered, palette.ink, 1)
  paintNow(context, scene, palette)
}

function paintGrid(
  context: Context,
  { width, height, strips, axis }: Scene,
  palette: Palette,
): void {
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`
  context.textBaseline = 'middle'
  for (const { x, label, isDay } of axis) {
    context.fillStyle = palette.line
    context.fillRect(Math.round(x), axisHeight, isDay ? 2 : 1, height - axisHeight)
    context.fillStyle = isDay ? palette.ink : palette.quiet
    context.fillText(label, Math.round(x) + 4, axisHeight / 2)
  }
  context.fillStyle = palette.line
  for (const { y, h } of strips) context.fillRect(0, y + h - 1, width, 1)
  context.fillRect(0, axisHeight - 1, width, 1)
}

/** Hatched, because a colour alone would say too little. */
function paintShade(context: Context, { x, y, w, h }: Shade, palette: Palette): void {
  context.save()
  context.beginPath()
  context.rect(x, y, w, h - 1)
  context.clip()
  context.globalAlpha = 0.1
  context.fillStyle = palette.tones.lost
  context.fillRect(x, y, w, h)
  context.globalAlpha = 0.45
  context.strokeStyle = palette.tones.lost
  context.lineWidth = 1
  context.beginPath()
  const first = Math.floor((x - h) / 7) * 7
  for (let at = first; at < x + w; at += 7) {
    context.moveTo(at, y + h)
    context.lineTo(at + h, y)
  }
  context.stroke()
  context.restore()
}

function paintMarks(context: Context, marks: readonly Mark[], palette: Palette): void {
  for (const mark of marks) {
    const { x, y, w, h, tone, bar, tick } = mark
    if (tick !== undefined) {
      context.strokeStyle = palette.tones[tone]
      context.lineWidth = 1
      rounded(context, x + 0.5, y + 0.5, w, h - 1)
      context.stroke()
      continue
    }
    context.fillStyle = palette.tones[tone]
    if (w < 4) context.fillRect(x, y, w, h)
    else {
      rounded(context, x, y, w, h)
      context.fill()
    }
    const isOpen = bar!.toMs === undefined
    if (isOpen && w >= 4) {
      context.fillStyle = palette.paper
      context.globalAlpha = 0.55
      context.fillRect(x + w - 2, y, 2, h)
      context.globalAlpha = 1
    }
    if (bar!.item.why === 'takeover') paintFlag(context, mark, palette.now)
    if (bar!.item.duplicate) outline(context, mark, palette.tones.warn, 2)
  }
}

/** Marks the begin of what was taken over. */
function paintFlag(context: Context, { x, y }: Mark, colour: string): void {
  context.fillStyle = colour
  context.beginPath()
  context.moveTo(x, y - 4)
  context.lineTo(x + 6, y - 4)
  context.lineTo(x, y + 3)
  context.fill()
}

function paintLink(context: Context, { kind, x1, y1, x2, y2 }: Link, palette: Palette): void {
  context.save()
  context.strokeStyle = kind === 'takeover' ? palette.now : palette.tones.warn
  context.lineWidth = 1.3
  if (kind === 'takeover') context.setLineDash([3, 2.5])
  context.beginPath()
  context.moveTo(x1, y1)
  const bend = Math.max(8, Math.abs(x2 - x1) / 2)
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2)
  context.stroke()
  if (kind === 'takeover') {
    context.setLineDash([])
    context.beginPath()
    context.arc(x1, y1, 2.5, 0, 7)
    context.stroke()
  }
  context.restore()
}

function paintNow(context: Context, { nowX, height, width }: Scene, palette: Palette): void {
  if (nowX < 0 || nowX > width) return
  const x = Math.round(nowX)
  context.fillStyle = palette.now
  context.fillRect(x, axisHeight - 6, 1.5, height)
  const label = 'NOW'
  const room = context.measureText(label).width + 8
  context.fillStyle = palette.paper
  context.fillRect(x - room / 2, 0, room, axisHeight - 6)
  context.fillStyle = palette.now
  context.fillText(label, x - room / 2 + 4, axisHeight / 2 - 2)
}

function outline(context: Context, { x, y, w, h }: Mark, colour: string, width: number): void {
  context.strokeStyle = colour
  context.lineWidth = width
  context.strokeRect(x - 1.5, y - 1.5, w + 3, h + 3)
}

function rounded(context: Context, x: number, y: number, w: number, h: number): void {
  context.beginPath()
  context.roundRect(x, y, w, h, Math.min(2, w / 2))
}

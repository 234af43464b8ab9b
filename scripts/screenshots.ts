// Pictures of the dashboard for the documentation, from a fleet that runs.
//
// node scripts/screenshots.ts 'http://127.0.0.1:7172/#token=…'

import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const outdir = resolve(import.meta.dirname, '../docs/images')
/** A page with pictures must stay quick on a slow link. */
const bytesMax = 150_000

interface Picture {
  readonly name: string
  readonly place: string
  readonly theme: 'light' | 'dark'
  readonly height: number
  /** What is there when the screen is complete. */
  readonly wait: string
}

const pictures: readonly Picture[] = [
  { name: 'overview', place: '#/', theme: 'light', height: 620, wait: '.coming li' },
  { name: 'timeline', place: '#/timeline?span=4m', theme: 'light', height: 620, wait: 'canvas' },
  {
    name: 'timeline-dark',
    place: '#/timeline?span=4m',
    theme: 'dark',
    height: 620,
    wait: 'canvas',
  },
  {
    name: 'editor-dark',
    place: '#/edit/nightly-backup',
    theme: 'dark',
    height: 760,
    wait: '.verdict .ranking li',
  },
]

const link = process.argv[2]
if (link === undefined) {
  console.error('give the link that opens the dashboard, as scripts/start prints it')
  process.exit(2)
}
const executablePath = process.env['MESHCRON_TEST_BROWSER'] ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  mkdirSync(outdir, { recursive: true })
  for (const picture of pictures) await take(browser, picture)
} finally {
  await browser.close()
}

async function take(
  browser: Browser,
  { name, place, theme, height, wait }: Picture,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1_280, height },
    colorScheme: theme,
    timezoneId: 'Europe/Berlin',
  })
  const page = await context.newPage()
  await page.goto(link!)
  await page.locator('nav').waitFor()
  await page.evaluate(`location.hash = ${JSON.stringify(place)}`)
  await page.locator(wait).first().waitFor()
  // history is read after the first drawing
  await page.waitForTimeout(2_000)
  const path = join(outdir, `${name}.png`)
  await page.screenshot({ path })
  await context.close()
  const { size } = statSync(path)
  if (size > bytesMax) throw new Error(`${path} has ${size} bytes, at most ${bytesMax} are wanted`)
  console.log(`${path}: ${Math.round(size / 1_000)} kB`)
}

// A real browser on the dashboard of a real node.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { slack } from '../../until.ts'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser to drive; undefined when there is none. */
export function browserPath(): string | undefined {
  const named = process.env['MESHCRON_TEST_BROWSER']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path))
}

/** Runs `body` with a browser, and ends it whatever happens. */
export async function withBrowser(
  executablePath: string,
  body: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: flags })
  try {
    await body(browser)
  } finally {
    await browser.close()
  }
}

/** A node as far as a browser needs it. */
export interface Served {
  readonly url: string
  readonly dataDir: string
}

/** One tab, and everything that it should not have done. */
export class Tab {
  readonly page: Page
  readonly #served: Served
  readonly #faults: string[] = []

  private constructor(page: Page, served: Served) {
    this.page = page
    this.#served = served
    page.setDefaultTimeout(5_000 * slack)
    page.on('pageerror', (error) => this.#faults.push(`error: ${error.message}`))
    page.on('console', (message) => {
      // an answer that refuses is written there too
      const isAnswer = message.text().startsWith('Failed to load resource')
      if (message.type() === 'error' && !isAnswer) this.#faults.push(message.text())
    })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol !== 'data:' && protocol !== 'blob:' && origin !== served.url) {
        this.#faults.push(`asked ${request.url()}`)
      }
    })
  }

  /** Opens the dashboard as the link of the terminal does. */
  static async open(
    browser: Browser,
    served: Served,
    options: BrowserContextOptions = {},
  ): Promise<Tab> {
    const context = await browser.newContext({ timezoneId: 'UTC', ...options })
    const tab = new Tab(await context.newPage(), served)
    const token = readFileSync(join(served.dataDir, 'api-token'), 'utf8').trim()
    await tab.page.goto(`${served.url}/#token=${token}`)
    await tab.page.getByRole('navigation').waitFor()
    return tab
  }

  /** Goes to a place of the dashboard. */
  async go(fragment: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(fragment)}`)
    await this.page.locator('h1').first().waitFor()
  }

  /** Waits until a text is there. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor()
  }

  /** Ends the tab; it must have asked nobody else, and nothing may have failed in it. */
  async close(): Promise<void> {
    await this.page.context().close()
    assert.deepEqual(this.#faults, [], `in the tab of ${this.#served.url}`)
  }
}

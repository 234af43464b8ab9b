// What a screen must have for whoever cannot see it well: a name for everything that can be used, one
// heading, and text that stands out from its ground.

import type { Page } from 'playwright-core'

/** What is wrong with the screen as it stands. */
export async function inaccessible(page: Page): Promise<readonly string[]> {
  const names = await page.evaluate<readonly string[]>(namesMissing)
  return [...names, ...(await page.evaluate<readonly string[]>(contrastsMissing))]
}

const namesMissing = `(() => {
  const problems = []
  const text = (id) => document.getElementById(id)?.textContent ?? ''
  for (const element of document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"], svg[role="img"]')) {
    const label = element.getAttribute('aria-label') ?? ''
    const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map(text).join('')
    const labels = [...(element.labels ?? [])].map((one) => one.textContent).join('')
    const name = label + by + labels + (element.matches('input, select, textarea') ? '' : element.textContent)
    if (name.trim() === '') problems.push('no name: ' + element.outerHTML.slice(0, 120))
  }
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1')
  if (document.documentElement.lang === '') problems.push('no language')
  for (const table of document.querySelectorAll('table')) {
    if (table.querySelector('th[scope]') === null) problems.push('a table without heads')
  }
  return problems
})()`

const contrastsMissing = `(() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1)
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    return context.getImageData(0, 0, 1, 1).data
  }
  const light = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0)
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor)
      if (colour[3] === 255) return colour
    }
    return rgba(getComputedStyle(document.documentElement).backgroundColor)
  }
  const problems = []
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('').trim()
    const isShown = element.checkVisibility() && element.closest('.unseen, svg, option, :disabled') === null
    if (own === '' || !isShown) continue
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(ground(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) problems.push('contrast ' + ratio.toFixed(2) + ': ' + own.slice(0, 40))
  }
  return problems
})()`

import type { Outgoing } from './http-exchange.ts'

/** The request that follows a redirect, or why it is not followed. */
export function redirected(from: Outgoing, status: number, location: string): Outgoing | string {
  if (!URL.canParse(location, from.url.href)) return `status ${status} to something that is no URL`
  const url = new URL(location, from.url)
  if (url.protocol !== 'https:' && url.protocol !== from.url.protocol) {
    return `status ${status} to a weaker scheme, ${url.protocol}`
  }
  const isPost = from.method === 'POST' && (status === 301 || status === 302)
  const becomesGet = (status === 303 && from.method !== 'HEAD') || isPost
  return {
    url,
    method: becomesGet ? 'GET' : from.method,
    body: becomesGet ? '' : from.body,
    headers: headersAfter(from, url, becomesGet),
  }
}

/** Credentials and custom headers were meant for the first origin only. */
function headersAfter(
  from: Outgoing,
  url: URL,
  becomesGet: boolean,
): Readonly<Record<string, string>> {
  const general = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])
  const isOther = url.origin !== from.url.origin
  const kept = Object.entries(from.headers).filter(([name]) => {
    const lower = name.toLowerCase()
    if (becomesGet && lower.startsWith('content-')) return false
    return !isOther || general.has(lower)
  })
  return Object.fromEntries(kept)
}

// Where the page is: a path and a query behind the #, so that a reload, the back button and a link
// sent to a colleague show the same thing. The token is never part of it.

export interface Route {
  /** Decoded parts of the path; none: the overview. */
  readonly path: readonly string[]
  readonly query: ReadonlyMap<string, string>
}

/** Reads the fragment of a URL. */
export function parseRoute(fragment: string): Route {
  const text = fragment.replace(/^#\/?/, '')
  const at = text.indexOf('?')
  const path = at === -1 ? text : text.slice(0, at)
  const query = new URLSearchParams(at === -1 ? '' : text.slice(at + 1))
  return { path: path.split('/').filter(Boolean).map(decode), query: new Map(query) }
}

/** The fragment of a route; empty values are left out. */
export function hrefOf(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given as [string, string][]).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

/** The same place with some of the query changed; undefined and '' remove. */
export function withQuery(
  { path, query }: Route,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  return hrefOf(path, { ...Object.fromEntries(query), ...changes })
}

/** The token of `#token=…`; undefined for any other fragment. */
export function tokenOf(fragment: string): string | undefined {
  return /^#token=([\x21-\x7e]+)$/.exec(fragment)?.[1]
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

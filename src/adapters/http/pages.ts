// The dashboard's files: compressed once when they are built, sent as they are. Whoever cannot read
// gzip gets them unpacked. They hold nothing of the fleet, so they need no token.

import { gunzipSync } from 'node:zlib'

/** One file of the dashboard. */
export interface PageFile {
  readonly type: string
  readonly gzip: Uint8Array
}

/** Files by path; the page itself is `/`. */
export type PageFiles = ReadonlyMap<string, PageFile>

/** Names hold a hash of the content, so a browser never asks twice; the page names them. */
const kept = 'public, max-age=31536000, immutable'

/** Answers with one file. */
export function servePage(path: string, file: PageFile, request: Request): Response {
  const isPacked = acceptsGzip(request.headers.get('accept-encoding') ?? '')
  const body = isPacked ? file.gzip : gunzipSync(file.gzip)
  return new Response(Buffer.from(body), {
    headers: {
      'content-type': file.type,
      'content-length': String(body.length),
      'cache-control': path === '/' ? 'no-cache' : kept,
      vary: 'accept-encoding',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    },
  })
}

function acceptsGzip(header: string): boolean {
  return header.split(',').some((part) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(part))
}

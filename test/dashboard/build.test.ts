// What is shipped: measured on a fresh build.

import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { buildDashboard, dashboardBytesMax, sizeOf } from '../../scripts/build-dashboard.ts'
import type { PackedFiles } from '../../src/app/dashboard-files.ts'

describe('the built dashboard', () => {
  let files: PackedFiles
  const textOf = (path: string): string => {
    return gunzipSync(Buffer.from(files[path]!.gzip, 'base64')).toString()
  }
  before(async () => {
    files = await buildDashboard()
  })

  test('has at most 100 kB, all files together, as they are sent', () => {
    assert.equal(dashboardBytesMax, 100_000)
    const bytes = sizeOf(files)
    assert.ok(bytes > 10_000 && bytes <= dashboardBytesMax, `${bytes} bytes`)
  })

  test('its page holds no code and names only files that are there', () => {
    const page = textOf('/')
    assert.ok(!/<script[^>]*>[^<]+<\/script>|<style|\son\w+=|javascript:/i.test(page), page)
    const named = [...page.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path!)
    assert.equal(named.length, 2)
    for (const path of named) assert.ok(files[path] !== undefined, path)
  })

  test('asks nobody but its own node', () => {
    for (const path of Object.keys(files)) {
      const hosts = [...textOf(path).matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host)
      const harmless = ['www.w3.org', 'example.org']
      assert.deepEqual(
        hosts.filter((host) => !harmless.includes(host!)),
        [],
        path,
      )
    }
  })

  test('the names of its files change with their content', () => {
    const names = Object.keys(files).filter((path) => path !== '/')
    assert.ok(names.length >= 2)
    for (const name of names) assert.match(name, /^\/assets\/[\w-]+-[A-Z0-9]{8}\.(js|css)$/)
  })
})

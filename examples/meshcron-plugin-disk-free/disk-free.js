#!/usr/bin/env node
// A plugin of meshcron without dependencies: fails when a file system has too little space left.
// The protocol is explained in docs/reference/plugins.md.

import { statfsSync } from 'node:fs'
import { createInterface } from 'node:readline'

const protocol = 1

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

function measure({ path = '/', minPercent = 10 }) {
  if (typeof path !== 'string' || typeof minPercent !== 'number') {
    return say({ type: 'error', code: 'bad-config', message: 'path is a text, minPercent a number' })
  }
  say({ type: 'progress', percent: 0, message: `looking at ${path}` })
  const { bavail, blocks } = statfsSync(path)
  const percent = Math.round((1_000 * bavail) / blocks) / 10
  say({ type: 'output', data: `${path}: ${percent} % free, at least ${minPercent} % wanted\n` })
  if (percent >= minPercent) return say({ type: 'result', value: { path, percent } })
  say({ type: 'error', code: 'too-full', message: `${path} has ${percent} % left`, exit: 2 })
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.type === 'hello') {
    if (!message.protocols.includes(protocol)) {
      console.error(`this plugin speaks protocol ${protocol}, the node ${message.protocols}`)
      process.exit(1)
    }
    say({ type: 'ready', protocol })
  } else if (message.type === 'run') {
    try {
      measure(message.config)
    } catch (error) {
      say({ type: 'error', code: error.code ?? 'failed', message: error.message })
    }
  }
}

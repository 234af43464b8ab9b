import { randomBytes } from 'node:crypto'
import { Node, type NodeInit } from '../core/node.ts'
import type { Crypto } from '../core/trust/crypto.ts'
import type { Policy } from '../core/trust/policy.ts'
import { buildMs, version } from './build.ts'
import type { Config } from './config.ts'

interface NodeParts {
  readonly crypto: Crypto
  readonly config: Config
  readonly policy: Policy
}

/** The node of a configuration, not loaded yet. */
export function createNode(
  { crypto, config, policy }: NodeParts,
  self: Pick<NodeInit, 'identity' | 'credentials'>,
  plugins: readonly string[],
): Node {
  const channels = Object.keys(config.notify.channels)
  return new Node(
    { crypto },
    {
      ...self,
      self: {
        name: config.name,
        version,
        weight: config.weight,
        executors: ['exec', 'shell', 'http', 'mqtt', ...plugins.map((name) => `plugin:${name}`)],
        engine: 'meshcron-1',
        timezoneData: process.versions['tz'] ?? 'none',
        channels,
      },
      notify: { channels, rules: config.notify.rules },
      policy,
      maxRunning: config.maxRunning,
      profile: config.profile,
      hasPeers: config.peers.length > 0 || config.mdns,
      buildMs,
      defaultTimezone: config.timezone,
      seed: randomBytes(8).readBigUInt64BE(),
    },
  )
}

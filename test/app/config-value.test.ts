import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig, type StartOptions } from '../../src/app/config.ts'
import type { OptionName } from '../../src/app/config-options.ts'

const resolve = (flags: StartOptions): ReturnType<typeof resolveConfig> =>
  resolveConfig({ flags, env: {}, cwd: '/nowhere', hostname: 'barn' })

const member = '12D3KooWMk4UNGdtDUGRDt2GEomC11XdXWUhvruyV34BhMo1Us8C'
const key = 'a1'.repeat(32)
const token =
  'mc1:hlABAQEBAQEBAQEBAQEBAQEBWCACAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAkgDAwMDAwMDA1AEBAQEBAQEBAQEBAQEBAQEUAUFBQUFBQUFBQUFBQUFBQWBSAQKAAAHBhwF'

const accepted: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  name: ['b', 'Scheune Nord', 'x'.repeat(63)],
  listen: ['/ip4/0.0.0.0/tcp/7171', '/ip6/::/tcp/0', '127.0.0.1:7171', '[::1]:7171'],
  announce: ['/dns4/barn.example/tcp/7171', 'barn.example:7171'],
  httpCert: ['api.pem'],
  httpKey: ['api.key'],
  httpProxy: ['10.0.0.7', '10.1.0.0/16', 'fd00::/8'],
  httpProxySecret: ['secret'],
  httpHost: ['cron.example.org', '10.0.0.7', 'fd00::1'],
  socketGroup: ['adm', 'cron-ops'],
  http: ['0.0.0.0:7172', '127.0.0.1:0', '127.1.2.3:80', 'localhost:7172', '[::1]:65535'],
  peer: [
    'pi1:7171',
    'pi1.local:7171',
    '10.0.0.7:7171',
    '[fe80::1]:7171',
    '/ip4/10.0.0.7/tcp/7171',
    `/ip4/10.0.0.7/tcp/7171/p2p/${member}`,
    '/dns/pi1/tcp/7171',
    '/dns6/pi1.local/tcp/7171',
  ],
  tag: ['role=web', 'a=', 'a=b=c', 'site/rack=n-1'],
  profile: ['lan', 'wan', 'iot', 'LAN'],
  networkKey: ['network.key', './keys/a'],
  clusterKey: ['cluster.key'],
  enrol: ['/ip4/0.0.0.0/tcp/7173', '127.0.0.1:0'],
  join: [token],
  joinFile: ['/boot/meshcron.token'],
  replaceCluster: ['true', 'no'],
  log: ['text', 'json'],
  logLevel: ['debug', 'info', 'warn', 'error'],
  drain: ['0s', '500ms', '1h30m', '1d'],
  timezone: ['UTC', 'Europe/Berlin', 'Asia/Kathmandu'],
  policy: ['policy.yaml', '/etc/meshcron/policy.yaml'],
  fact: ['gpu=true', 'rack=7', 'site.name=north pole', 'empty='],
  weight: ['1', '0.0625', '64', '2.5'],
  maxRunning: ['1', '256'],
  plugin: ['snmp-get=/usr/bin/snmp', 'a=/b=c'],
  pluginsDir: ['plugins', '/opt/plugins'],
  outputFull: ['0', '0B', '16MiB', '64GiB'],
  historyRuns: ['1', '1000000'],
  historyAge: ['1h', '90d'],
  mdns: ['true', 'off', 'yes', '0'],
}

const refused: Readonly<Record<OptionName, readonly (readonly [string, RegExp])[]>> = {
  fact: [
    ['gpu', /has no "="/],
    ['1st=x', /no name of a fact/],
    ['a b=x', /no name of a fact/],
    ['a=b\nc', /no line/],
  ],
  maxRunning: [
    ['0', /1 to 256/],
    ['257', /1 to 256/],
  ],
  weight: [
    ['0', /no weight/],
    ['65', /no weight/],
    ['-1', /no weight/],
    ['heavy', /no weight/],
  ],
  enrol: [['7173', /no port/]],
  join: [
    ['', /empty/],
    ['mc1:x', /no join token/],
    [`${token}A`, /no join token/],
  ],
  joinFile: [['', /empty/]],
  replaceCluster: [['perhaps', /./]],
  dataDir: [['', /empty/]],
  name: [
    ['a\nb', /one line/],
    ['x'.repeat(64), /too many/],
    [' ', /empty/],
  ],
  listen: [
    [`/ip4/0.0.0.0/tcp/7171/p2p/${member}`, /names a member/],
    ['7171', /no port/],
    ['/ip4/0.0.0.0/udp/7171', /no TCP port/],
    ['/ip4/0.0.0.0/tcp/70000', /no TCP port/],
  ],
  announce: [
    ['/ip4/300.0.0.1/tcp/1', /does not begin with/],
    ['', /empty/],
  ],
  httpCert: [['', /empty/]],
  httpKey: [['', /empty/]],
  httpProxySecret: [['a'.repeat(64), /file is wanted/]],
  httpProxy: [
    ['10.0.0.0/33', /no address or range/],
    ['proxy.local', /no address or range/],
  ],
  httpHost: [
    ['cron.example.org:443', /no host name/],
    ['http://a', /no host name/],
  ],
  socketGroup: [['a b', /no name of a group/]],
  http: [
    ['7172', /no address and port/],
    ['127.0.0.1', /no address and port/],
    ['127.0.0.1:99999', /no address and port/],
    ['barn.local:7172', /no IP address/],
    ['http://127.0.0.1:7172', /no address and port/],
  ],
  peer: [
    ['pi1', /no port/],
    ['pi1:0x10', /no port/],
    ['pi 1:7171', /no port/],
    ['-:7171', /names no host/],
    ['/ip4/10.0.0.7', /no TCP port/],
    ['/ip4/pi1/tcp/7171', /does not begin with/],
    ['/ip4/10.0.0.7/tcp/7171/ws', /something unknown/],
    ['/ip4/10.0.0.7/tcp/7171/p2p/12D3', /no member id/],
    ['/ip4/10.0.0.7/tcp/7171/p2p', /no member id/],
    [`/dns4/${'x'.repeat(130)}/tcp/1`, /at most 128/],
  ],
  tag: [
    ['role', /no "="/],
    ['=web', /no key of a tag/],
    ['ro le=web', /no key of a tag/],
    [`role=${'x'.repeat(256)}`, /255 characters/],
    ['role=a\tb', /255 characters/],
  ],
  profile: [['fast', /unknown/]],
  networkKey: [
    [key, /this is a key/],
    ['a\0b', /zero byte/],
  ],
  clusterKey: [[key, /this is a key/]],
  log: [['xml', /unknown/]],
  logLevel: [['trace', /unknown/]],
  drain: [
    ['10', /no unit/],
    ['soon', /no duration/],
    ['-1s', /no duration/],
    ['2d', /out of range/],
  ],
  timezone: [
    ['Berlin', /not known/],
    ['CEST+2', /not known/],
  ],
  policy: [['', /empty/]],
  plugin: [
    ['snmp', /no "="/],
    ['Snmp=/a', /no name of a plugin/],
    ['snmp=bin/snmp', /no absolute path/],
  ],
  pluginsDir: [['a\0b', /zero byte/]],
  outputFull: [
    ['16', /no size/],
    ['65GiB', /too much/],
  ],
  historyRuns: [
    ['0', /whole number/],
    ['1e3', /whole number/],
    ['many', /whole number/],
  ],
  historyAge: [
    ['1m', /out of range/],
    ['30', /no unit/],
  ],
  mdns: [['maybe', /neither yes nor no/]],
}

/** What goes only in pairs, and lets any address be listened on. */
const api = { httpCert: 'c', httpKey: 'k', httpProxy: '10.0.0.1', httpProxySecret: 's' }

test('values of every accepted form are taken', () => {
  for (const [name, texts] of Object.entries(accepted)) {
    for (const text of texts) {
      const result = resolve({ ...api, [name]: text })
      assert.ok(result.ok, `${name} ${text}: ${JSON.stringify(result)}`)
    }
  }
})

test('each bad value is told with what is wrong and what to do', () => {
  for (const [name, rows] of Object.entries(refused)) {
    for (const [text, why] of rows) {
      const result = resolve({ [name]: text })
      assert.ok(!result.ok, `${name} ${text} was accepted`)
      const { code, message, hint } = result.refusal
      assert.equal(code, 'MC_BAD_CONFIG', `${name} ${text}`)
      assert.match(message, why, `${name} ${text}`)
      assert.match(message, /^--[a-z-]+: /, `${name} ${text}`)
      assert.notEqual(hint, '', `${name} ${text}`)
    }
  }
})

test('a network key given in place of its file is not shown', () => {
  assert.ok(!JSON.stringify(resolve({ networkKey: key })).includes(key))
})

test('too many values, and two values of one tag or of an option that has one, are refused', () => {
  const table: readonly (readonly [StartOptions, RegExp])[] = [
    [{ tag: Array.from({ length: 33 }, (_, i) => `k${i}=v`) }, /33 values are too many/],
    [{ peer: Array.from({ length: 65 }, (_, i) => `pi${i}:7171`) }, /65 values are too many/],
    [{ tag: ['role=web', 'role=db'] }, /role has two values/],
    [{ name: ['a', 'b'] }, /name is given twice/],
  ]
  for (const [flags, why] of table) {
    const result = resolve(flags)
    assert.ok(!result.ok, JSON.stringify(flags))
    assert.match(result.refusal.message, why)
  }
})

test('localhost is the loopback address, and spellings of addresses are kept', () => {
  const result = resolve({ http: 'localhost:80', peer: 'pi1:7171' })
  assert.ok(result.ok)
  assert.deepEqual(result.value.http, { host: '127.0.0.1', port: 80 })
  assert.deepEqual(result.value.peers, ['pi1:7171'])
})

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  explainConfig,
  resolveConfig,
  type ConfigInput,
  type ConfigRow,
  type Settings,
  type StartOptions,
} from '../../src/app/config.ts'
import { optionNames, options, type OptionName } from '../../src/app/config-options.ts'
import type { Refusal } from '../../src/core/result.ts'

const cwd = mkdtempSync(join(tmpdir(), 'meshcron-config-'))
after(() => rmSync(cwd, { recursive: true }))
const token =
  'mc1:hlABAQEBAQEBAQEBAQEBAQEBWCACAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAkgDAwMDAwMDA1AEBAQEBAQEBAQEBAQEBAQEUAUFBQUFBQUFBQUFBQUFBQWBSAQKAAAHBhwF'
const dataDir = join(cwd, 'meshcron-data')
const file = join(dataDir, 'meshcron.yaml')
mkdirSync(dataDir)

interface Given {
  readonly flags?: StartOptions
  readonly env?: ConfigInput['env']
  readonly yaml?: string
}

function inputOf({ flags = {}, env = {}, yaml }: Given): ConfigInput {
  if (yaml === undefined) rmSync(file, { force: true })
  else writeFileSync(file, yaml)
  return { flags, env, cwd, hostname: 'barn.local' }
}

function settingsOf(given: Given): Settings {
  const result = resolveConfig(inputOf(given))
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function refusalOf(given: Given): Refusal {
  const result = resolveConfig(inputOf(given))
  assert.ok(!result.ok, `accepted: ${JSON.stringify(given)}`)
  assert.equal(result.refusal.code, 'MC_BAD_CONFIG', JSON.stringify(given))
  assert.notEqual(result.refusal.hint, '', JSON.stringify(given))
  return result.refusal
}

function rowOf(name: OptionName, given: Given): ConfigRow {
  const rows = explainConfig(inputOf(given))
  assert.ok(rows.ok, JSON.stringify(rows))
  return rows.value.find((row) => row.name === name)!
}

test('without options a node has the defaults', () => {
  assert.deepEqual(settingsOf({}), {
    dataDir,
    name: 'barn.local',
    listen: ['/ip4/0.0.0.0/tcp/7171'],
    announce: [],
    http: { host: '127.0.0.1', port: 7172 },
    httpTls: undefined,
    httpProxy: undefined,
    httpHosts: [],
    socketGroup: undefined,
    peers: [],
    tags: {},
    facts: {},
    weight: 16,
    maxRunning: 256,
    profile: 'lan',
    enrol: '/ip4/0.0.0.0/tcp/7173',
    joining: { token: undefined, file: undefined, isReplacing: false },
    networkKeyFile: undefined,
    clusterKeyFile: undefined,
    log: 'text',
    logLevel: 'info',
    drainMs: 10_000,
    timezone: 'UTC',
    policyFile: undefined,
    plugins: { dir: join(dataDir, 'plugins'), table: {} },
    outputFullBytes: 0,
    history: { runsPerJobMax: 1_000, ageMsMax: 30 * 86_400_000 },
    mdns: false,
  })
})

test('a configuration is frozen', () => {
  const settings = settingsOf({ flags: { peer: ['pi1:7171'], tag: ['role=web'] } })
  for (const value of [settings, settings.peers, settings.tags, settings.history, settings.http]) {
    assert.ok(Object.isFrozen(value), JSON.stringify(value))
  }
})

test('a host without a usable name gives a node a name all the same', () => {
  const named = (hostname: string): string | undefined => {
    const result = resolveConfig({ ...inputOf({}), hostname })
    return result.ok ? result.value.name : undefined
  }
  assert.equal(named(''), 'node')
  assert.equal(named('x'.repeat(100)), 'x'.repeat(63))
})

test('flags win over the environment, that over the file, that over the defaults', () => {
  const yaml = 'name: file\nprofile: wan\n'
  const env = { MESHCRON_NAME: 'env' }
  const table: readonly (readonly [string, Given, string, string])[] = [
    ['default', {}, 'barn.local', 'default'],
    ['file', { yaml }, 'file', `${file}:1`],
    ['environment', { yaml, env }, 'env', 'MESHCRON_NAME'],
    ['flag', { yaml, env, flags: { name: 'flag' } }, 'flag', '--name'],
  ]
  for (const [what, given, value, origin] of table) {
    assert.equal(settingsOf(given).name, value, what)
    assert.equal(rowOf('name', given).value, value, what)
    assert.equal(rowOf('name', given).origin, origin, what)
  }
  assert.equal(rowOf('profile', { yaml, env }).origin, `${file}:2`)
})

test('an empty variable counts as none', () => {
  assert.equal(settingsOf({ env: { MESHCRON_NAME: '', MESHCRON_PEER: ' ' } }).name, 'barn.local')
})

test('a list of a later source replaces the earlier one as a whole', () => {
  const yaml = 'tags: { role: web, site: north }\npeers: [pi1:7171, pi2:7171]\n'
  assert.deepEqual(settingsOf({ yaml }).tags, { role: 'web', site: 'north' })
  assert.deepEqual(settingsOf({ yaml, flags: { tag: ['site=south'] } }).tags, { site: 'south' })
  const env = { MESHCRON_PEERS: 'pi3:7171, pi4:7171 pi5:7171' }
  assert.deepEqual(settingsOf({ yaml, env }).peers, ['pi3:7171', 'pi4:7171', 'pi5:7171'])
})

/** Options of which one alone is refused. */
const partners: { readonly [N in OptionName]?: Exclude<OptionName, 'dataDir'> } = {
  httpCert: 'httpKey',
  httpKey: 'httpCert',
  httpProxy: 'httpProxySecret',
  httpProxySecret: 'httpProxy',
}

test('each option is taken from flag, environment and file', () => {
  const member = '12D3KooWMk4UNGdtDUGRDt2GEomC11XdXWUhvruyV34BhMo1Us8C'
  const values: Readonly<Record<Exclude<OptionName, 'dataDir'>, string>> = {
    name: 'barn',
    listen: '/ip4/127.0.0.1/tcp/0',
    announce: '/dns4/barn.example/tcp/7171',
    http: '[::1]:0',
    httpCert: join(cwd, 'api.pem'),
    httpKey: join(cwd, 'api.key'),
    httpProxy: '10.1.0.7',
    httpProxySecret: join(cwd, 'secret'),
    httpHost: 'cron.example.org',
    socketGroup: 'adm',
    peer: `/ip4/10.0.0.7/tcp/7171/p2p/${member}`,
    tag: 'role=web',
    fact: 'gpu=true',
    weight: '2.5',
    maxRunning: '4',
    profile: 'iot',
    enrol: '/ip4/127.0.0.1/tcp/0',
    join: token,
    joinFile: join(cwd, 'token'),
    replaceCluster: 'true',
    networkKey: join(cwd, 'key'),
    clusterKey: join(cwd, 'cluster.key'),
    log: 'json',
    logLevel: 'debug',
    drain: '1m30s',
    timezone: 'Europe/Berlin',
    policy: join(cwd, 'mine.yaml'),
    plugin: 'snmp=/usr/bin/snmp',
    pluginsDir: join(cwd, 'plugins-of-mine'),
    outputFull: '16MiB',
    historyRuns: '5',
    historyAge: '2d',
    mdns: 'true',
  }
  for (const name of optionNames) {
    if (name === 'dataDir') continue
    const { env, key, flag } = options[name]
    const value = values[name]
    const partner = partners[name]
    const others = partner === undefined ? {} : { [partner]: values[partner] }
    const byFlag = settingsOf({ flags: { ...others, [name]: value } })
    assert.notDeepEqual(byFlag, settingsOf({}), name)
    assert.deepEqual(settingsOf({ flags: others, env: { [env]: value } }), byFlag, env)
    const text = JSON.stringify(value)
    assert.deepEqual(settingsOf({ flags: others, yaml: `${key}: ${text}` }), byFlag, key ?? '')
    assert.deepEqual(settingsOf({ flags: others, yaml: `${flag.slice(2)}: ${text}` }), byFlag, flag)
  }
})

test('a token is not shown', () => {
  assert.equal(rowOf('join', { env: { MESHCRON_JOIN: token } }).value, 'mc1:…')
})

test('a switch is given by its bare flag', () => {
  assert.equal(settingsOf({ flags: { mdns: true } }).mdns, true)
})

test('paths start from where they are written', () => {
  const { networkKeyFile } = settingsOf({ yaml: 'networkKey: keys/network.key' })
  assert.equal(networkKeyFile, join(dataDir, 'keys/network.key'))
  const env = { MESHCRON_NETWORK_KEY: 'network.key' }
  assert.equal(settingsOf({ env }).networkKeyFile, join(cwd, 'network.key'))
})

test('the file is that of the data directory which flag or environment names', () => {
  const other = join(cwd, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'meshcron.yaml'), 'name: other')
  assert.equal(settingsOf({ yaml: 'name: here', flags: { dataDir: 'other' } }).name, 'other')
  assert.equal(settingsOf({ env: { MESHCRON_DATA_DIR: other } }).name, 'other')
})

test('numbers, switches and empty keys of the file mean what they say', () => {
  const yaml = '# a comment\nhistoryRuns: 7\nmdns: yes\nname:\ntags:\n  version: 1.10\n  on: true\n'
  const settings = settingsOf({ yaml })
  assert.equal(settings.history.runsPerJobMax, 7)
  assert.equal(settings.mdns, true)
  assert.equal(settings.name, 'barn.local')
  assert.deepEqual(settings.tags, { version: '1.10', on: 'true' })
  for (const empty of ['', '---\n', '# nothing\n', 'null']) settingsOf({ yaml: empty })
})

test('what is wrong in the file is told with its line', () => {
  const table: readonly (readonly [string, RegExp, RegExp])[] = [
    ['name: a\nprofil: lan', /:2: unknown option "profil"/, /did you mean profile\?/],
    ['frobnicate: 1', /:1: unknown option/, /known: name, listen/],
    ['network_key: a', /:1: unknown option/, /did you mean networkKey\?/],
    ['dataDir: a', /:1: the file lies in the data directory itself/, /--data-dir/],
    ['name: a\nname: b', /:2: .*unique/, /YAML/],
    ['peer: a:1\npeers: b:1', /:2: peers is set in line 1 already/, /keep one/],
    ['name: [a', /:\d: /, /YAML/],
    ['- a', /wants a map of options/, /name: barn/],
    ['name: [a]', /:1: name wants one text or number/, /write name: VALUE/],
    ['peers: [[a]]', /:1: peers wants a text, a list/, /VALUE/],
    ['name: &a x\nprofile: *a', /:2: profile wants one text/, /VALUE/],
    ['\n\ndrain: 10', /meshcron\.yaml:3: the duration "10" has no unit/, /write 10s/],
    ['x'.repeat(70_000), /larger than 64 KiB/, /jobs in files of their own/],
  ]
  for (const [yaml, message, hint] of table) {
    const refusal = refusalOf({ yaml })
    assert.match(refusal.message, message, yaml.slice(0, 80))
    assert.match(refusal.hint, hint, yaml.slice(0, 80))
    assert.ok(refusal.message.startsWith(file), refusal.message)
  }
})

test('a file that cannot be read is told, not passed over', () => {
  rmSync(file, { force: true })
  mkdirSync(file)
  const result = resolveConfig({ flags: {}, env: {}, cwd, hostname: 'a' })
  rmSync(file, { recursive: true })
  assert.ok(!result.ok)
  assert.match(result.refusal.message, /meshcron\.yaml cannot be read \(EISDIR\)/)
})

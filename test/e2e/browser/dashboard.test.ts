// The dashboard as people use it: a real browser on real nodes.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { refreshDashboard } from '../../../scripts/build-dashboard.ts'
import { Cluster, executorOf } from '../../integration/cluster/harness.ts'
import type { Daemon } from '../../integration/cluster/daemon.ts'
import type { InviteList } from '../../../src/adapters/http/schema.ts'
import { parseToken } from '../../../src/core/trust/join-token.ts'
import { until } from '../../until.ts'
import { inaccessible } from './accessible.ts'
import { browserPath, Tab, withBrowser, type Served } from './page.ts'

const servedBy = ({ http, dataDir }: Daemon): Served => ({ url: http, dataDir })

before(refreshDashboard)

test('the dashboard in a browser', async (t) => {
  const path = browserPath()
  if (path === undefined) return t.skip('no chromium')
  await withBrowser(path, (browser) =>
    Cluster.run({ nodes: 3, isProxied: true }, async (cluster) => {
      const step = (title: string, body: () => Promise<void>): Promise<void> =>
        cluster.step(t, title, body)
      await step('teaches where nothing is yet, and shows the first execution of a new job', () =>
        firstJob(browser, cluster),
      )
      await step('follows a live log', () => liveLog(browser, cluster))
      await step('settles a conflict with the other version', () => conflict(browser, cluster))
      await step('asks which of two edits counts', () => twoEdits(browser, cluster))
      await step('shows a token with its QR code once, and takes the invite back', () =>
        invites(browser, cluster),
      )
      await step('is walked through by keys alone', () => byKeys(browser, cluster))
      await step(
        'shows jobs after others as a picture, calendars, versions and drained members',
        () => linked(browser, cluster),
      )
      await step('is accessible, light and dark, and fits into 360 pixels', () =>
        everyScreen(browser, cluster),
      )
      await step('shows how another node takes the ticks of one that is killed', () =>
        killed(browser, cluster),
      )
      await step('shows a lost connection, and goes on after it', () => lost(browser, cluster))
    }),
  )
})

async function firstJob(browser: Browser, cluster: Cluster): Promise<void> {
  const tab = await Tab.open(browser, servedBy(cluster.node(0)))
  const { page } = tab
  assert.equal(new URL(page.url()).hash, '#/', 'the token is taken out of the address bar')
  await tab.sees('All 3 nodes see each other and agree')
  await page.getByRole('link', { name: 'Say hello every 10 seconds' }).click()
  await page.getByRole('button', { name: 'create' }).waitFor()
  const yaml = page.getByLabel('YAML')
  await page.getByLabel('schedule', { exact: true }).fill('@every 2s')
  await page.getByLabel('schedule', { exact: true }).blur()
  assert.match(await yaml.inputValue(), /schedule: "?@every 2s"?/, 'the form writes the YAML')
  await yaml.fill((await yaml.inputValue()).replace('hello', 'nonsense name'))
  await page.getByRole('alert').getByText('name').first().waitFor()
  assert.ok(await page.getByRole('button', { name: 'create' }).isDisabled())
  await yaml.fill((await yaml.inputValue()).replace('nonsense name', 'hello'))
  assert.equal(await page.getByLabel('name', { exact: true }).inputValue(), 'hello')
  await tab.sees('3 of 3 nodes may run it')
  await page.getByRole('button', { name: 'create' }).click()
  await page.getByRole('heading', { name: 'hello' }).waitFor()
  await page.getByRole('row').getByText('success').first().waitFor()
  await tab.close()
}

async function liveLog(browser: Browser, cluster: Cluster): Promise<void> {
  const { api } = cluster.node(0)
  const script = String.raw`printf '\033[31m<b>one</b>\033[0m\n'; read -r line < go; echo two`
  const fifo = `mkfifo go 2>/dev/null; ${script}`
  await api.createJob({ name: 'slow', schedule: '@manually', run: { shell: fifo } })
  const id = await api.runJob('slow')
  const executor = await executorOf(cluster, id)
  const tab = await Tab.open(browser, servedBy(cluster.node(0)))
  await tab.go(`#/executions/${encodeURIComponent(id)}`)
  const log = tab.page.getByRole('log')
  await log.getByText('<b>one</b>').waitFor()
  assert.equal(await log.locator('.fore-1').textContent(), '<b>one</b>', 'text, never markup')
  assert.equal(await log.getByText('two').count(), 0)
  await tab.page.getByRole('button', { name: 'stop' }).click()
  await tab.sees('cancelled')
  await tab.sees('same in a terminal')
  assert.ok(executor.isUp)
  await tab.close()
}

async function conflict(browser: Browser, cluster: Cluster): Promise<void> {
  const [one, two] = [cluster.node(0), cluster.node(1)]
  const job = { name: 'edited', schedule: '@manually', run: { exec: ['true'] } }
  await one.api.createJob(job)
  await cluster.untilSeen('edited')
  cluster.proxies.split([0], [1, 2])
  await until('the island is noticed', async () => {
    const { members } = await one.api.status()
    return members.filter(({ state }) => state === 'alive').length === 1
  })
  await one.api.putJob('edited', { ...job, description: 'by the one' })
  await two.api.putJob('edited', { ...job, description: 'by the two' })
  const tab = await Tab.open(browser, servedBy(one))
  await tab.sees('2 members unreachable')
  cluster.proxies.heal()
  await cluster.untilComplete()
  await tab.sees('1 job has two versions')
  await tab.go('#/jobs/edited')
  const other = (await one.api.job('edited')).conflicts[0]!.losers[0]!.document['description']
  await tab.page.getByRole('button', { name: 'use the other' }).click()
  await tab.page.getByRole('heading', { name: 'Two versions' }).waitFor({ state: 'detached' })
  const settled = await one.api.job('edited')
  assert.deepEqual([settled.document['description'], settled.conflicts], [other, []])
  await tab.close()
}

async function twoEdits(browser: Browser, cluster: Cluster): Promise<void> {
  const { api } = cluster.node(0)
  const tab = await Tab.open(browser, servedBy(cluster.node(0)))
  const { page } = tab
  await tab.go('#/edit/edited')
  await page.getByLabel('longest run').fill('3m')
  await page.getByLabel('longest run').blur()
  await tab.sees('What changes')
  const { document } = await api.job('edited')
  await api.putJob('edited', { ...document, description: 'meanwhile' })
  await page.getByRole('button', { name: 'save' }).click()
  await tab.sees('Somebody has changed this job since you opened it.')
  assert.equal((await api.job('edited')).document['timeout'], undefined, 'nothing is written yet')
  await page.getByRole('button', { name: 'both changes' }).click()
  await page.getByRole('button', { name: 'save' }).click()
  await page.getByRole('heading', { name: 'edited', exact: true }).waitFor()
  const after = (await api.job('edited')).document
  assert.deepEqual([after['timeout'], after['description']], ['3m', 'meanwhile'])
  await tab.close()
}

async function invites(browser: Browser, cluster: Cluster): Promise<void> {
  const viewport = { width: 360, height: 740 }
  const tab = await Tab.open(browser, servedBy(cluster.node(0)), { viewport })
  const { page } = tab
  await tab.go('#/members')
  await page.getByRole('button', { name: 'invite a machine' }).click()
  await page.getByRole('img', { name: 'the token as a QR code' }).waitFor()
  const command = page.getByText(/^meshcron start --join mc1:/)
  const token = parseToken((await command.textContent())!.split(' ').at(-1)!)
  assert.ok(token.ok, 'what is shown is a token')
  assert.deepEqual(await inaccessible(page), [])
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
  await page.getByRole('button', { name: /^revoke / }).click()
  await until('the invite has ended', async () => {
    const { json } = await cluster.node(0).api.send('GET', '/api/v1/invites')
    return (json as InviteList).items[0]?.state === 'revoked'
  })
  await page.reload()
  await page.getByRole('button', { name: 'invite a machine' }).waitFor()
  assert.equal(await command.count(), 0, 'it is shown once')
  await tab.close()
}

async function byKeys(browser: Browser, cluster: Cluster): Promise<void> {
  const tab = await Tab.open(browser, servedBy(cluster.node(0)))
  const { keyboard } = tab.page
  await keyboard.press('g')
  await keyboard.press('j')
  await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor()
  await tab.page.getByRole('row').getByText('edited').waitFor()
  await keyboard.press('/')
  await keyboard.type('hel')
  await tab.sees('1 of 3 jobs')
  assert.match(tab.page.url(), /filter=hel/, 'the URL holds what is shown')
  await tab.page.reload()
  await tab.sees('1 of 3 jobs')
  await keyboard.press('j')
  await keyboard.press('Enter')
  await tab.page.getByRole('heading', { name: 'hello' }).waitFor()
  await tab.close()
}

async function linked(browser: Browser, cluster: Cluster): Promise<void> {
  const [one, two] = [cluster.node(0), cluster.node(1)]
  const run = { exec: ['true'] }
  const night = { timezone: 'UTC', rules: [{ kind: 'deny', daily: '22:00-06:00' }] }
  const body = { name: 'night', ...night }
  const put = await one.api.send('PUT', '/api/v1/calendars/night', { body })
  assert.ok(put.status < 300, put.text)
  const tab = await Tab.open(browser, servedBy(one))
  const { page } = tab
  await tab.go('#/new')
  const yaml = page.getByLabel('YAML')
  await yaml.fill('name: copied\nrun: { exec: ["true"] }\n')
  await page.getByLabel('after other jobs').fill('hello: success')
  await page.getByLabel('after other jobs').blur()
  await page.getByLabel('parameters').fill('target=all')
  await page.getByLabel('parameters').blur()
  await page.getByLabel('on the smaller side of a split').selectOption('hold')
  assert.match(await yaml.inputValue(), /after:[^]*job: hello[^]*target:[^]*minority: hold/)
  await page.getByRole('button', { name: 'create' }).click()
  const box = page.getByRole('figure', { name: 'copied after success of hello' })
  await box.getByRole('link', { name: /^hello, / }).click()
  await page.getByRole('heading', { name: 'hello' }).waitFor()

  await one.api.createJob({ name: 'nightly', schedule: '@daily', run, calendars: ['night'] })
  await tab.go('#/calendars')
  await tab.sees('deny 22:00-06:00')
  await page.getByRole('link', { name: 'nightly' }).waitFor()

  await tab.go('#/members')
  await tab.sees('all 3')
  await page.getByRole('button', { name: `cordon ${two.name}` }).click()
  await page
    .getByRole('row')
    .getByText(/drained|cordoned/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: `uncordon ${two.name}` }).click()
  await page.getByRole('button', { name: `cordon ${two.name}`, exact: true }).waitFor()
  await tab.close()
}

const screens = ['#/', '#/timeline', '#/jobs', '#/jobs/hello', '#/edit/hello', '#/new'].concat(
  '#/executions',
  '#/calendars',
  '#/jobs/copied',
  '#/members',
  '#/topology',
)

async function everyScreen(browser: Browser, cluster: Cluster): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewport = { width: 360, height: 740 }
    const options = { colorScheme, viewport, reducedMotion: 'reduce' } as const
    const tab = await Tab.open(browser, servedBy(cluster.node(0)), options)
    const ground = await tab.page.evaluate(
      'getComputedStyle(document.body.parentElement).backgroundColor',
    )
    const isDark = Number(/\d+/.exec(String(ground))?.[0]) < 64
    assert.equal(isDark, colorScheme === 'dark', String(ground))
    for (const screen of screens) {
      await tab.go(screen)
      if (screen.startsWith('#/edit')) await tab.sees('nodes may run it')
      const what = `${screen}, ${colorScheme}`
      assert.deepEqual(await inaccessible(tab.page), [], what)
      const width = await tab.page.evaluate('document.documentElement.scrollWidth')
      assert.equal(width, 360, `${what} scrolls sideways`)
    }
    await tab.page.evaluate(`(() => {
      const main = document.querySelector('main')
      main.innerHTML = '<h1>x</h1><button></button><p>faint</p>'
      main.querySelector('p').style.color = main.querySelector('p').style.background = '#777'
    })()`)
    assert.equal((await inaccessible(tab.page)).length, 2, 'these checks see what they must see')
    await tab.close()
  }
}

async function lost(browser: Browser, cluster: Cluster): Promise<void> {
  const node = cluster.node(0)
  const { host } = new URL(node.http)
  const tab = await Tab.open(browser, servedBy(node))
  await tab.page.locator('.link-live').waitFor()
  await node.kill()
  await tab.sees('connection lost, trying again')
  await node.start(['--http', host])
  await tab.page.locator('.link-live').waitFor()
  await tab.sees(/^as seen by n0 · 1 member unreachable$/)
  await tab.close()
}

/** Of a job that runs every two seconds, in the minute that is shown. */
const barsShown = 30

async function killed(browser: Browser, cluster: Cluster): Promise<void> {
  const tab = await Tab.open(browser, servedBy(cluster.node(0)))
  await tab.go('#/timeline?span=1m&jobs=hello')
  const canvas = tab.page.locator('canvas')
  const told = tab.page.locator('.canvas-box [aria-live]')
  await canvas.focus()
  await until('keys reach a tick that n1 is to run', async () => {
    await canvas.press('ArrowDown')
    return /will run on n1/.test((await told.textContent()) ?? '')
  })
  await cluster.node(1).kill()
  await tab.page
    .getByRole('list', { name: 'lanes' })
    .getByText(/unreachable|down/)
    .waitFor()
  await until(
    'a tick that n1 was to run stands on another lane, as taken over',
    async () => {
      // from the newest bar on backwards: once n1 is given up for good, nothing is taken over any more
      await canvas.blur()
      await canvas.focus()
      for (let i = 0; i < barsShown; i += 1) {
        await canvas.press('ArrowUp')
        const text = (await told.textContent()) ?? ''
        // what n1 still ran itself is from before
        if (/, on n1,/.test(text)) return false
        if (/success, on n[02],.*taken over/.test(text)) return true
      }
      return false
    },
    15_000,
  )
  await tab.close()
}

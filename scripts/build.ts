// Bundles src/cli/main.ts into dist/meshcron.js, which runs without node_modules, the small program of
// the executor's own process into dist/executor-process.js, with a part that is loaded on demand, the
// simulator into dist/meshcron-simulator.js, and puts the shim that the package's bin names beside them.
// The dashboard lies inside the bundle.
//
// node scripts/build.ts [--entry FILE] [--outdir FOLDER]

import { build, type BuildOptions, type Plugin } from 'esbuild'
import { chmodSync, copyFileSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildDashboard } from './build-dashboard.ts'

const house = resolve(import.meta.dirname, '..')
const bundleBytesMax = 2_000_000

// Packages in CommonJS (pino, commander …) reach Node's modules through require.
const banner = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`

const simulatorFile = 'meshcron-simulator.js'

/** Loaded by `meshcron simulate` and by the first MQTT message alone: a daemon need not carry them. */
const loadedApart: Plugin = {
  name: 'loaded-apart',
  setup: ({ onResolve }) => {
    const apart = (filter: RegExp, path: string): void =>
      onResolve({ filter }, () => ({ path, external: true }))
    apart(/\/simulation\/session[.]ts$/, `./${simulatorFile}`)
    apart(/\/mqtt-client[.]ts$/, './executor-mqtt-client.js')
  },
}

/** Writes the files of the package to `outdir` and returns the size of the bundle. */
export async function bundle(entry: string, outdir: string): Promise<number> {
  const outfile = join(outdir, 'meshcron.js')
  const { version } = JSON.parse(readFileSync(join(house, 'package.json'), 'utf8')) as {
    version: string
  }
  const shared: BuildOptions = {
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    mainFields: ['module', 'main'],
    define: {
      MESHCRON_VERSION: JSON.stringify(version),
      MESHCRON_BUILD_MS: `${Date.now()}`,
      // the shim imports the bundle, which is the program all the same
      'import.meta.main': 'true',
    },
    banner: { js: banner },
    legalComments: 'none',
    absWorkingDir: house,
    logLevel: 'warning',
  }
  const dashboard = { MESHCRON_DASHBOARD: JSON.stringify(await buildDashboard()) }
  const define = { ...shared.define, ...dashboard }
  await build({ ...shared, define, entryPoints: [entry], outfile, plugins: [loadedApart] })
  const simulator = join(house, 'src/simulation/session.ts')
  await build({ ...shared, entryPoints: [simulator], outfile: join(outdir, simulatorFile) })
  const helper = join(house, 'src/adapters/executor/executor-process.ts')
  await build({
    ...shared,
    entryPoints: [helper],
    outdir,
    // The client of MQTT is loaded by the first MQTT job: executor-mqtt-client.js, and what both share.
    splitting: true,
    chunkNames: 'executor-[name]',
  })
  const shim = join(outdir, 'meshcron.cjs')
  copyFileSync(join(house, 'src/cli/shim.cjs'), shim)
  chmodSync(shim, 0o755)
  const bytes = statSync(outfile).size
  if (bytes > bundleBytesMax) {
    throw new Error(`the bundle has ${bytes} bytes, at most ${bundleBytesMax} are allowed`)
  }
  return bytes
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      entry: { type: 'string', default: join(house, 'src/cli/main.ts') },
      outdir: { type: 'string', default: join(house, 'dist') },
    },
  })
  const bytes = await bundle(resolve(values.entry), resolve(values.outdir))
  console.log(`${join(values.outdir, 'meshcron.js')}: ${Math.round(bytes / 1000)} kB`)
}

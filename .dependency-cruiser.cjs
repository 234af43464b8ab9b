// The import rule of docs/ARCHITECTURE.md: arrows point inwards only,
// cli, dashboard → app → adapters → ports → core. Run by scripts/check-layers.ts.

const cron = '^src/core/scheduler/cron[.]ts$'
const entryPoints = [
  '^src/adapters/executor/executor-process[.]ts$',
  '^src/cli/main[.]ts$',
  '^src/cli/shim[.]cjs$',
  '^src/dashboard/',
]
const daemon = '^src/app/daemon[.]ts$'
const simulate = '^src/cli/commands/simulate[.]ts$'
const loop = '^src/app/(driver|carry-out)[.]ts$'
const answers = '^src/adapters/http/(api|schema)[.]ts$'
const libp2pPackages = '(^|/)node_modules/(libp2p|@libp2p/[^/]+|it-[^/]+)/'

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    rule(
      'core-imports-core-only',
      'Core decides; it knows no package, no Node module and no outer layer.',
      { path: '^src/core/', pathNot: cron },
      { pathNot: '^src/core/' },
    ),
    rule(
      'core-cron-imports-croner-only',
      'The one file of core that may import croner.',
      { path: cron },
      { pathNot: ['^src/core/', '(^|/)node_modules/croner/'] },
    ),
    rule(
      'ports-import-core-only',
      'A port is an interface in the words of core.',
      { path: '^src/ports/' },
      { pathNot: '^src/(core|ports)/' },
    ),
    rule(
      'adapters-import-inwards',
      'An adapter offers a port; it does not know who wires it.',
      { path: '^src/adapters/' },
      { path: '^src/(?!(core|ports|adapters)/)' },
    ),
    rule(
      'adapters-stand-alone',
      'Adapters do not know each other; what two of them share belongs to core or to a port.',
      { path: '^src/adapters/([^/]+)/' },
      { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    ),
    rule(
      'app-imports-inwards',
      'Clients know the app, never the other way round.',
      { path: '^src/app/' },
      { path: '^src/(?!(core|ports|adapters|app)/)' },
    ),
    rule(
      'daemon-alone-wires-adapters',
      'One place constructs adapters, so one place shows how the product is put together.',
      { path: '^src/', pathNot: ['^src/(adapters|simulation)/', daemon] },
      { path: '^src/adapters/', pathNot: answers },
    ),
    rule(
      'answers-are-known-by-type',
      'The application answers in the shapes of the API; what serves them it does not touch.',
      { path: '^src/', pathNot: ['^src/adapters/', daemon] },
      { path: answers, dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'cli-is-a-client',
      'The command line talks to the daemon through HTTP.',
      // answers.ts gives the command line the types of the API's answers, and nothing else
      { path: '^src/cli/', pathNot: '^src/cli/answers[.]ts$' },
      { path: '^src/(?!(core|ports|app|cli|simulation)/)' },
    ),
    rule(
      'simulation-runs-what-ships',
      'The simulator drives the core in the order of the driver, on the twins of the adapters.',
      { path: '^src/simulation/' },
      {
        path: '^src/',
        pathNot: ['^src/(core|ports|simulation|adapters/memory)/', loop],
      },
    ),
    rule(
      'nothing-knows-the-simulation',
      'What is simulated cannot tell; one command shows it to users.',
      { path: '^src/', pathNot: ['^src/simulation/', simulate] },
      { path: '^src/simulation/' },
    ),
    rule(
      'dashboard-is-a-client',
      'The dashboard talks to the daemon through HTTP, and shares what is pure.',
      // answers.ts gives the dashboard the types of the API's answers, and nothing else
      { path: '^src/dashboard/', pathNot: '^src/dashboard/answers[.]ts$' },
      { path: '^src/(?!(core|dashboard)/)' },
    ),
    rule(
      'libp2p-stays-in-its-adapter',
      'Peers, streams and multiaddrs end where the network port begins.',
      { path: '^src/', pathNot: '^src/adapters/libp2p/' },
      { path: libp2pPackages },
    ),
    rule(
      'src-knows-no-tests',
      'What is shipped does not depend on tests or scripts.',
      { path: '^src/' },
      { path: '^(test|scripts)/' },
    ),
    rule(
      'src-imports-dependencies-only',
      'What is shipped may import only what package.json lists under dependencies.',
      { path: '^src/', pathNot: '^src/(core|dashboard)/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-bundled', 'deprecated'] },
    ),
    rule(
      'oracle-is-independent',
      'A checker that shares the schedule code with its subject repeats its mistakes.',
      { path: '^src/simulation/(oracle|checkers)/' },
      { path: ['^src/core/(?!(ids|jobs/definition)[.]ts$)', '(^|/)node_modules/croner/'] },
    ),
    rule('no-cycles', 'A cycle is one module in several files.', {}, { circular: true }),
    rule('no-unresolvable', 'The import leads nowhere.', {}, { couldNotResolve: true }),
    {
      name: 'no-orphans',
      comment: 'Nothing in src imports this module and it is no entry point.',
      severity: 'error',
      module: {
        path: '^src/',
        pathNot: [
          ...entryPoints,
          '^src/adapters/memory/',
          // two processes are compared by a test, not by one run
          '^src/simulation/checkers/determinism[.]ts$',
        ],
        numberOfDependentsLessThan: 1,
      },
      from: { path: '^src/' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    // Parsing and resolving are all that is needed: .ts endings are written out.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json'],
    },
  },
}

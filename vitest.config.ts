import { defineConfig } from 'vitest/config';

/**
 * One run over every package. `units` needs nothing; `services` shares one embedded Postgres and, where installed, one
 * redis-server, started by testing/services.ts. Its files run one after another: the machine has two cores. `layers` asks
 * about the repository itself: who imports whom, and what would be deployed.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'units',
          include: [
            'packages/{core,contracts,client,native}/src/**/*.test.ts',
            'apps/worker/src/**/*.test.ts',
            'scripts/src/bench/**/*.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'services',
          include: [
            'packages/{store,queue}/src/**/*.test.ts',
            'apps/api/src/**/*.test.ts',
            'scripts/src/**/*.test.ts',
            'testing/end-to-end/**/*.test.ts',
          ],
          exclude: ['scripts/src/bench/**'],
          globalSetup: ['testing/services.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'layers',
          include: ['testing/{layers,deployment}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

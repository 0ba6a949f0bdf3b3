import { defineConfig } from 'vitest/config';

/**
 * One run over every package. `numerics` needs nothing; `services` shares one embedded Postgres and, where installed, one
 * redis-server, started by scripts/src/testing/services.ts. Files that train run one after another: the machine has two cores.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'numerics',
          include: ['packages/core/src/**/*.test.ts', 'packages/contracts/src/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
    ],
  },
});

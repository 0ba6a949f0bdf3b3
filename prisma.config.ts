import { defineConfig } from 'prisma/config';

/** Only `prisma generate` reads this; migrations are applied by packages/store/src/migrations (docs/decisions). */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});

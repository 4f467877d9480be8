import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  schema: here('schema.prisma'),
  migrations: { path: here('migrations') },
  // `generate` and `validate` need no database; what needs one says so itself.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});

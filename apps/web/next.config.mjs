import { join } from 'node:path';

/** @type {import('next').NextConfig} */
export default {
  output: 'standalone',
  // The workspace root, so that the traced server contains what npm hoisted there.
  outputFileTracingRoot: join(import.meta.dirname, '../..'),
  turbopack: { root: join(import.meta.dirname, '../..') },
  poweredByHeader: false,
  reactStrictMode: true,
  // Types and lint have targets of their own.
  typescript: { ignoreBuildErrors: true },
  // Set here as well as on pages, because the proxy leaves static files alone.
  headers: async () => [{ source: '/:path*', headers: [{ key: 'X-Content-Type-Options', value: 'nosniff' }] }],
};

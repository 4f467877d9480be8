#!/usr/bin/env node
// The dashboard's server: pages by Next, and `/api/v1` (with the live WebSocket) handed on to the control plane, so
// that a browser needs one address only. Runs what `nx build web` made; `--dev` runs the sources instead.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readSettings } from './server/settings.mjs';
import { createGateway } from './server/gateway.mjs';

const dev = process.argv.includes('--dev');
const { settings, problem } = readSettings(process.env);
if (!settings) {
  console.error(problem);
  process.exit(1);
}

// In the workspace the build lies below .next/standalone; where only the build was copied, this file lies in it.
const here = import.meta.dirname;
const assembled = join(here, '.next/standalone/apps/web');
const dir = !dev && existsSync(assembled) ? assembled : here;
if (!dev && !existsSync(join(dir, '.next/BUILD_ID'))) {
  console.error('The dashboard is not built: run "npx nx build web" first.');
  process.exit(1);
}

process.env.NODE_ENV = dev ? 'development' : 'production';
process.env.PROVEFLEET_CONTROL_PLANE_URL = settings.controlPlaneUrl.href;
process.chdir(dir);
let conf;
if (!dev) {
  conf = JSON.parse(readFileSync(join(dir, '.next/required-server-files.json'), 'utf8')).config;
  // Next reads its configuration from here when it runs without the sources.
  process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(conf);
}
const next = createRequire(join(dir, 'package.json'))('next');
const app = (next.default ?? next)({ dev, dir, conf, hostname: settings.host, port: settings.port, customServer: true });
await app.prepare();
const page = app.getRequestHandler();
const upgradePage = app.getUpgradeHandler();
const gateway = createGateway({ controlPlaneUrl: settings.controlPlaneUrl, log: (message) => console.warn(message) });

const server = createServer((request, response) => {
  if (gateway.takes(request.url)) gateway.handle(request, response);
  else void page(request, response);
});
server.on('upgrade', (request, socket, head) => {
  if (gateway.takes(request.url)) gateway.upgrade(request, socket, head);
  else if (dev) void upgradePage(request, socket, head);
  else socket.destroy();
});
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${settings.port} is taken. Set another one with PROVEFLEET_WEB_PORT.` : `The dashboard cannot listen: ${error.message}`);
  process.exit(1);
});
server.listen(settings.port, settings.host, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`Dashboard on http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}, control plane ${settings.controlPlaneUrl.href}`);
});

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    // A second signal does not wait.
    if (stopping) process.exit(1);
    stopping = true;
    gateway.close();
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 5_000).unref();
  });
}

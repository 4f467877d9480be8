// Completes Next's standalone build, so that `.next/standalone` runs from wherever it is copied: static files beside the
// server, and our server in the place of the generated one, which knows nothing of the control plane.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const web = join(import.meta.dirname, '..');
const out = join(web, '.next/standalone/apps/web');
if (!existsSync(out)) throw new Error(`${out} is missing: next build makes it`);

cpSync(join(web, '.next/static'), join(out, '.next/static'), { recursive: true });
for (const file of ['gateway.mjs', 'settings.mjs']) cpSync(join(web, 'server', file), join(out, 'server', file));
cpSync(join(web, 'server.mjs'), join(out, 'server.js'));
rmSync(join(out, 'src'), { recursive: true, force: true });

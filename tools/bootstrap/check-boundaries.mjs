#!/usr/bin/env node
// Proves that the module boundaries bite: lints imports that must fail, in files that exist for that moment only.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { ROOT } from './steps.mjs';

const FORBIDDEN = [
  { file: 'apps/web/src/boundary-probe.ts', source: "import '@provefleet/scheduling';", rule: '@nx/enforce-module-boundaries', why: 'web may import shared libraries only' },
  { file: 'apps/agent/src/boundary-probe.ts', source: "import '@provefleet/control-plane';", rule: '@nx/enforce-module-boundaries', why: 'agent and server never import each other' },
  { file: 'apps/control-plane/src/boundary-probe.ts', source: "import '@provefleet/scheduling';", rule: '@nx/enforce-module-boundaries', why: 'the server imports nothing of the agent' },
  { file: 'libs/fleet-protocol/src/boundary-probe.ts', source: "import '@provefleet/agent';", rule: '@nx/enforce-module-boundaries', why: 'a library imports no application' },
  { file: 'libs/scheduling/src/boundary-probe.ts', source: "import 'node:fs';", rule: 'no-restricted-imports', why: 'scheduling does no I/O' },
  { file: 'libs/prover/src/boundary-probe.ts', source: 'export const now = Date.now();', rule: 'no-restricted-properties', why: 'the contract has no clock of its own' },
  { file: 'apps/control-plane/src/machines/boundary-probe.service.ts', source: "import '@prisma/client';", rule: 'no-restricted-imports', why: 'only repositories touch the database' },
];

const eslint = new ESLint({ cwd: ROOT });
let failed = 0;
for (const { file, source, rule, why } of FORBIDDEN) {
  const path = join(ROOT, file);
  try {
    writeFileSync(path, `${source}\n`);
    const [result] = await eslint.lintFiles([path]);
    const bites = result.messages.some((message) => message.ruleId === rule && message.severity === 2);
    if (!bites) failed += 1;
    console.log(`${bites ? 'refused' : 'NOT REFUSED'}: ${source} in ${file} (${why})`);
  } finally {
    rmSync(path, { force: true });
  }
}
console.log(`# pass ${FORBIDDEN.length - failed}\n# fail ${failed}`);
process.exitCode = failed > 0 ? 1 : 0;

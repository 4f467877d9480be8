#!/usr/bin/env node
// Makes each committed generated file again and fails when it differs from the committed one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, nx } from './steps.mjs';

const GENERATED = [{ file: 'apps/control-plane/openapi.json', target: 'control-plane:openapi' }];

let failed = 0;
for (const { file, target } of GENERATED) {
  const committed = readFileSync(join(ROOT, file), 'utf8');
  await nx(['run', target], { log: `generate-${target.replace(':', '-')}` });
  const same = readFileSync(join(ROOT, file), 'utf8') === committed;
  if (!same) failed += 1;
  console.log(`${same ? 'up to date' : 'OUT OF DATE'}: ${file}${same ? '' : `; it was made again by \`npx nx run ${target}\`: look at the difference and commit it`}`);
}
console.log(`# pass ${GENERATED.length - failed}\n# fail ${failed}`);
process.exitCode = failed > 0 ? 1 : 0;

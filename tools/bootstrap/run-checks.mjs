#!/usr/bin/env node
// `npm test`: sets up what it needs and runs every check of the project, then one line: `N passed, N failed`.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeProblem, rustProblem, stopOn } from './checks.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureDebianPackages } from './debian.mjs';
import { countResults } from './counts.mjs';
import { LOGS, ROOT, install, nx, run, step } from './steps.mjs';

stopOn(nodeProblem());
stopOn(rustProblem());

const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0 };
const failures = [];

/**
 * One stage: its tests are counted from its output; a stage without tests of its own counts as one check.
 * A failed stage does not hide the ones after it.
 */
async function stage(name, title, work) {
  if (only.length > 0 && !only.includes(name)) return;
  let output = '';
  let error;
  await step(title, async (progress) => {
    try {
      output = await work(progress);
    } catch (thrown) {
      error = thrown;
      output = thrown.output ?? '';
      throw thrown;
    } finally {
      const counts = countResults(output);
      // A stage that broke without a failed test (a crash, a compile error) is a failure of its own.
      if (error && counts.failed === 0) counts.failed = 1;
      if (!error && counts.passed + counts.failed === 0) counts.passed = 1;
      totals.passed += counts.passed;
      totals.failed += counts.failed;
      stage.note = `${counts.passed} passed`;
    }
    return stage.note;
  }).catch((thrown) => failures.push(`${title}\n${thrown.message}`));
}

/** Folders that hold integration tests, which run one after the other: each has a real part for itself. */
const integrationConfigs = () =>
  ['apps', 'libs', 'tools'].flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(group, name, 'jest.integration.config.mjs'))).filter((path) => existsSync(join(ROOT, path)) && existsSync(join(ROOT, dirname(path), 'test')));

const bootstrapTests = () => readdirSync(join(ROOT, 'tools/bootstrap')).filter((name) => name.endsWith('.test.mjs')).map((name) => join('tools/bootstrap', name));

const jest = { NODE_OPTIONS: '--experimental-vm-modules' };

await step('Install the dependencies', install).catch((error) => stopOn(error.message));
await stage('browser', 'Find or install a browser', async (progress) => void (await ensureChromium(progress)) ?? '');
await stage('build', 'Build everything', (progress) => nx(['run-many', '-t', 'build', '--outputStyle=stream'], { log: 'test-build', progress }));
await stage('sync', 'Project references are in order', (progress) => nx(['sync:check'], { log: 'test-sync', progress }));
await stage('lint', 'Lint, without one warning', (progress) => nx(['run-many', '-t', 'lint', '--outputStyle=stream', '--max-warnings=0'], { log: 'test-lint', progress }));
await stage('lint-scripts', 'Lint the scripts that belong to no project', (progress) => run('node_modules/.bin/eslint', ['--max-warnings=0', 'tools/bootstrap', 'tools/prisma'], { log: 'test-lint-scripts', progress }));
await stage('boundaries', 'A forbidden import fails', (progress) => run(process.execPath, ['tools/bootstrap/check-boundaries.mjs'], { log: 'test-boundaries', progress }));
await stage('typecheck', 'Check the types', (progress) => nx(['run-many', '-t', 'typecheck', '--outputStyle=stream'], { log: 'test-typecheck', progress }));
await stage('bootstrap', 'Tests of the start-up scripts', (progress) => run(process.execPath, ['--test', '--test-reporter=tap', ...bootstrapTests()], { log: 'test-bootstrap', progress }));
await stage('unit', 'Unit tests', (progress) => nx(['run-many', '-t', 'test', '--outputStyle=stream', '--parallel=2'], { log: 'test-unit', progress }));
await stage('generated', 'Generated files are up to date', (progress) => run(process.execPath, ['tools/bootstrap/check-generated.mjs'], { log: 'test-generated', progress }));
await stage('prisma', 'Schema and migrations agree', (progress) => run(process.execPath, ['tools/prisma/check.mjs'], { log: 'test-prisma', progress }));
for (const config of integrationConfigs()) {
  const project = dirname(config);
  await stage(`integration:${project}`, `Integration tests of ${project}`, (progress) => run('node_modules/.bin/jest', ['-c', config, '--runInBand', '--forceExit'], { log: `test-integration-${project.replace('/', '-')}`, progress, env: jest }));
}
await stage('rust-lint', 'Rust: format and clippy', (progress) => nx(['run', 'prover-native:rust-lint'], { log: 'test-rust-lint', progress }));
await stage('rust-test', 'Rust: tests', (progress) => nx(['run', 'prover-native:rust-test'], { log: 'test-rust', progress }));
// Needs clang, lld, llvm and qemu, which a user's machine need not have: the gate installs them.
if (process.env.CI) {
  await stage('guests', 'Guest programs are what their sources build to, and run as in qemu', async (progress) => {
    await ensureDebianPackages({ clang: 'clang', 'ld.lld': 'lld', 'llvm-strip': 'llvm', 'qemu-riscv32': 'qemu-user', make: 'make' }, progress);
    return run('bash', ['libs/prover-native/guests/check.sh'], { log: 'test-guests', progress });
  });
}
await stage('e2e', 'End to end, in Chromium', async (progress) => run('node_modules/.bin/playwright', ['test', '-c', 'tools/e2e/playwright.config.ts'], { log: 'test-e2e', progress, env: { PROVEFLEET_CHROMIUM: await ensureChromium(progress) } }));

for (const failure of failures) console.error(`\n── ${failure}`);
console.log(`\nLogs: ${LOGS}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

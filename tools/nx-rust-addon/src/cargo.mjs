// @ts-check
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, env, exit, platform, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCargoWorkspace } from './workspace.mjs';

/**
 * Runs cargo for a Rust addon project; the working directory is the project. Used by the targets that the plugin
 * infers: `build --crate <name> --build <build>`, `test`, `lint`. And `example --crate <name> --example <name>
 * --build <build>`, which builds a Rust program exactly as the addon is built and prints its path.
 */

const NO_RUST = 'Rust was not found: install it from https://rustup.rs (or set CARGO to the cargo to use), then run this again.';

/** A failure that a person can act on; printed without a stack. */
class Failure extends Error {}

/**
 * The cargo invocation of one CPU build. `--target` is given on purpose: it keeps RUSTFLAGS away from build scripts
 * and macros, which run on this machine and not on the one that the build is for.
 *
 * @param {{ crate: string, build: string, profile: string, host: string, rustflags: string | undefined }} options
 */
export function buildInvocation({ crate, build, profile, host, rustflags }) {
  const isDefaultCpu = build === 'arm64';
  const flags = [rustflags, isDefaultCpu ? undefined : `-C target-cpu=${build}`].filter(Boolean).join(' ');
  return {
    args: ['build', '--profile', profile, '--package', crate, '--target', host, '--target-dir', `target/${build}`],
    env: { RUSTFLAGS: flags, PROVEFLEET_ADDON_BUILD: build },
    artefactDirectory: join('target', build, host, profile === 'dev' ? 'debug' : profile),
  };
}

/**
 * File name of a `cdylib` on this platform.
 * @param {string} crate
 * @param {NodeJS.Platform} os
 */
export function libraryFileName(crate, os) {
  const base = crate.replaceAll('-', '_');
  if (os === 'win32') return `${base}.dll`;
  return os === 'darwin' ? `lib${base}.dylib` : `lib${base}.so`;
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} [extraEnv]
 */
function cargo(args, extraEnv = {}) {
  // What cargo prints goes to stderr: stdout is for the answer.
  const result = spawnSync(env.CARGO ?? 'cargo', args, { stdio: ['inherit', 2, 2], env: { ...env, ...extraEnv } });
  if (result.error) throw new Failure('code' in result.error && result.error.code === 'ENOENT' ? NO_RUST : result.error.message);
  if (result.status !== 0) throw new Failure(`cargo ${args[0]} failed${result.signal ? ` (${result.signal})` : ''}; see above`);
}

/** The triple that rustc builds for when nothing else is said. */
function hostTriple() {
  const result = spawnSync(env.RUSTC ?? 'rustc', ['-vV'], { encoding: 'utf8' });
  if (result.error) throw new Failure('code' in result.error && result.error.code === 'ENOENT' ? NO_RUST : result.error.message);
  const host = /^host: (.+)$/m.exec(result.stdout)?.[1];
  if (!host) throw new Failure(`rustc -vV did not name its host:\n${result.stdout}${result.stderr}`);
  return host;
}

/**
 * @param {string | undefined} crateName
 * @param {string | undefined} build
 */
function buildAddon(crateName, build) {
  const crate = readCargoWorkspace('.')?.crates.find((candidate) => candidate.name === crateName);
  if (!crate?.addon || !build) throw new Failure('usage: cargo.mjs build --crate <addon crate> --build <cpu build>');
  const invocation = buildInvocation({ crate: crate.name, build, profile: crate.addon.profile, host: hostTriple(), rustflags: env.RUSTFLAGS });
  cargo(invocation.args, invocation.env);
  mkdirSync('dist', { recursive: true });
  const target = join('dist', `${crate.addon.name}.${build}.node`);
  // Renamed into place: a process that has the old file mapped keeps it, instead of crashing on changed pages.
  copyFileSync(join(invocation.artefactDirectory, libraryFileName(crate.name, platform)), `${target}.new`);
  renameSync(`${target}.new`, target);
}

/**
 * @param {string | undefined} crate
 * @param {string | undefined} example
 * @param {string | undefined} build
 */
function buildExample(crate, example, build) {
  const profile = readCargoWorkspace('.')?.crates.find((candidate) => candidate.addon)?.addon?.profile;
  if (!profile || !crate || !example || !build) throw new Failure('usage: cargo.mjs example --crate <crate> --example <name> --build <cpu build>');
  const invocation = buildInvocation({ crate, build, profile, host: hostTriple(), rustflags: env.RUSTFLAGS });
  cargo([...invocation.args, '--example', example], invocation.env);
  stdout.write(`${resolve(invocation.artefactDirectory, 'examples', platform === 'win32' ? `${example}.exe` : example)}\n`);
}

function main() {
  const { values, positionals } = parseArgs({
    args: argv.slice(2),
    allowPositionals: true,
    options: { crate: { type: 'string' }, build: { type: 'string' }, example: { type: 'string' } },
  });
  switch (positionals[0]) {
    case 'build':
      return buildAddon(values.crate, values.build);
    case 'example':
      return buildExample(values.crate, values.example, values.build);
    case 'test':
      return cargo(['test', '--release', '--workspace']);
    case 'lint':
      cargo(['fmt', '--all', '--check']);
      return cargo(['clippy', '--locked', '--release', '--workspace', '--all-targets', '--', '-D', 'warnings']);
    default:
      throw new Failure('usage: cargo.mjs build|example|test|lint');
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    stderr.write(`${error.message}\n`);
    exit(1);
  }
}

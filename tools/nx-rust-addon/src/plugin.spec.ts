import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildInvocation, libraryFileName } from './cargo.mjs';
import { createNodes, inferTargets } from './plugin.mjs';
import { buildClosure, readCargoWorkspace } from './workspace.mjs';

const ADDON = `
[package]
name = "some-addon"
[lib]
crate-type = ["cdylib"]
[package.metadata.addon]
name = "some-prover"
profile = "addon"
builds = { x64 = ["x86-64", "x86-64-v3"], arm64 = ["arm64"] }
[dependencies]
napi = "3"
some-air = { path = "../air" }
shared = { workspace = true }
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-rust-addon-'));
  write('libs/p/package.json', '{}');
  write('libs/p/Cargo.toml', '[workspace]\nmembers = ["crates/*"]\n[workspace.dependencies]\nshared = { path = "crates/shared" }\n');
  write('libs/p/crates/addon/Cargo.toml', ADDON);
  write('libs/p/crates/air/Cargo.toml', '[package]\nname = "some-air"\n[dependencies]\nbase = { path = "../base" }\n');
  write('libs/p/crates/base/Cargo.toml', '[package]\nname = "base"\n');
  write('libs/p/crates/shared/Cargo.toml', '[package]\nname = "shared"\n');
  write('libs/p/crates/other/Cargo.toml', '[package]\nname = "other"\n[dev-dependencies]\nbase = { path = "../base" }\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function workspace() {
  const read = readCargoWorkspace(join(root, 'libs/p'));
  if (!read) throw new Error('not a workspace');
  return read;
}

describe('the Cargo workspace', () => {
  it('finds the addon crate and what it is built from, directly or not', () => {
    const { crates } = workspace();
    const addon = crates.find((crate) => crate.addon);
    expect(addon).toMatchObject({ name: 'some-addon', addon: { name: 'some-prover', profile: 'addon' } });
    expect(addon && buildClosure(crates, addon)).toEqual(['crates/addon', 'crates/air', 'crates/base', 'crates/shared']);
  });

  it('names the file that cannot be parsed', () => {
    write('libs/p/crates/air/Cargo.toml', '[package\n');
    expect(workspace).toThrow(/crates\/air\/Cargo\.toml/);
  });

  it('says what an addon crate must state', () => {
    write('libs/p/crates/addon/Cargo.toml', ADDON.replace('profile = "addon"', ''));
    expect(workspace).toThrow(/needs \[package\.metadata\.addon\] with name, profile and builds/);
  });
});

describe('the inferred targets', () => {
  it('build the addon for each CPU of the architecture, before the package is built', () => {
    const targets = inferTargets(workspace(), 'libs/p', 'x64');
    expect(Object.keys(targets).sort()).toEqual([
      'build',
      'build-addon',
      'build-addon-native',
      'build-addon-x86-64',
      'build-addon-x86-64-v3',
      'rust-lint',
      'rust-test',
    ]);
    expect(targets['build']?.dependsOn).toEqual(['...', 'build-addon']);
    expect(targets['build-addon']?.dependsOn).toEqual(['build-addon-x86-64', 'build-addon-x86-64-v3']);
    expect(targets['build-addon-x86-64-v3']).toMatchObject({
      cache: true,
      outputs: ['{projectRoot}/dist/some-prover.x86-64-v3.node'],
      options: { cwd: 'libs/p', command: 'node ../../tools/nx-rust-addon/src/cargo.mjs build --crate some-addon --build x86-64-v3' },
    });
    expect(inferTargets(workspace(), 'libs/p', 'arm64')['build-addon']?.dependsOn).toEqual(['build-addon-arm64']);
  });

  it('build the addon anew only when a crate it is made of changes', () => {
    const inputs = inferTargets(workspace(), 'libs/p', 'x64')['build-addon-x86-64']?.inputs;
    expect(inputs).toEqual(expect.arrayContaining(['{projectRoot}/crates/base/**/*', '{projectRoot}/Cargo.lock', '{projectRoot}/rust-toolchain.toml']));
    expect(inputs).not.toContain('{projectRoot}/crates/other/**/*');
    expect(inputs).toContain('!{projectRoot}/crates/*/{tests,examples,benches}/**/*');
  });

  it('refuse an architecture without a build', () => {
    expect(() => inferTargets(workspace(), 'libs/p', 'riscv64')).toThrow(/no builds for the architecture riscv64/);
  });

  it('are given to packages that are Cargo workspaces, and to no others', async () => {
    write('libs/q/Cargo.toml', '[workspace]\nmembers = []\n');
    write('libs/r/package.json', '{}');
    write('libs/r/Cargo.toml', '[package]\nname = "r"\n');
    const files = ['libs/p/Cargo.toml', 'libs/q/Cargo.toml', 'libs/r/Cargo.toml'];
    const nodes = await createNodes[1](files, undefined, { workspaceRoot: root, nxJsonConfiguration: {} });
    expect(nodes.flatMap(([, { projects }]) => Object.keys(projects ?? {}))).toEqual(['libs/p']);
  });
});

describe('running cargo', () => {
  const options = { crate: 'some-addon', profile: 'addon', host: 'x86_64-unknown-linux-gnu', rustflags: undefined };

  it('builds for a kind of CPU in a directory of its own, without touching build scripts', () => {
    const { args, env, artefactDirectory } = buildInvocation({ ...options, build: 'x86-64-v3' });
    expect(args.join(' ')).toBe(
      'build --profile addon --package some-addon --target x86_64-unknown-linux-gnu --target-dir target/x86-64-v3',
    );
    expect(env).toEqual({ RUSTFLAGS: '-C target-cpu=x86-64-v3', PROVEFLEET_ADDON_BUILD: 'x86-64-v3' });
    expect(artefactDirectory).toBe(join('target', 'x86-64-v3', 'x86_64-unknown-linux-gnu', 'addon'));
  });

  it('keeps the flags that were set, and names no CPU on arm64', () => {
    expect(buildInvocation({ ...options, build: 'native', rustflags: '-D warnings' }).env.RUSTFLAGS).toBe('-D warnings -C target-cpu=native');
    expect(buildInvocation({ ...options, build: 'arm64' }).env.RUSTFLAGS).toBe('');
  });

  it.each([
    ['linux', 'libsome_addon.so'],
    ['darwin', 'libsome_addon.dylib'],
    ['win32', 'some_addon.dll'],
  ] as const)('knows the library on %s', (os, file) => {
    expect(libraryFileName('some-addon', os)).toBe(file);
  });

  it.each([[['lint']], [['build', '--crate', 'some-addon', '--build', 'x86-64']]])('says in one sentence that Rust is missing (%j)', (args) => {
    const runner = fileURLToPath(new URL('./cargo.mjs', import.meta.url));
    const env = { ...process.env, PATH: root, CARGO: undefined, RUSTC: undefined };
    const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { cwd: join(root, 'libs/p'), encoding: 'utf8', env });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('Rust was not found: install it from https://rustup.rs (or set CARGO to the cargo to use), then run this again.\n');
  });
});

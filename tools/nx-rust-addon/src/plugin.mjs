// @ts-check
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { createNodesFromFiles } from '@nx/devkit';
import { buildClosure, readCargoWorkspace } from './workspace.mjs';

/** @import { CreateNodes, TargetConfiguration } from '@nx/devkit' */

export const name = 'nx-rust-addon';

const RUNNER = 'tools/nx-rust-addon/src/cargo.mjs';

/** What the toolchain and its flags are; every Rust target depends on it. */
const TOOLCHAIN = ['{workspaceRoot}/tools/nx-rust-addon/src/*.mjs', { runtime: 'node -p process.platform+process.arch' }, { env: 'RUSTFLAGS' }];

/** All of the project but its TypeScript. */
const EVERYTHING_RUST = ['{projectRoot}/**/*', '!{projectRoot}/src/**/*', '!{projectRoot}/test/**/*', ...TOOLCHAIN];

/**
 * Infers the Rust targets of every project that is both a package and a Cargo workspace:
 *
 * - `build-addon-<build>` for each CPU build of its addon crate, and `build-addon` for those that ship on this
 *   machine's architecture; the project's `build` waits for it, so that dependents can load the addon;
 * - `rust-test`: `cargo test --release` over the whole workspace;
 * - `rust-lint`: rustfmt and clippy, warnings denied.
 *
 * @type {CreateNodes}
 */
export const createNodes = [
  '{apps,libs,tools}/*/Cargo.toml',
  (files, options, context) =>
    createNodesFromFiles(
      (file) => {
        const projectRoot = dirname(file);
        const absolute = join(context.workspaceRoot, projectRoot);
        if (!existsSync(join(absolute, 'package.json'))) return {};
        const workspace = readCargoWorkspace(absolute);
        if (!workspace) return {};
        return { projects: { [projectRoot]: { root: projectRoot, targets: inferTargets(workspace, projectRoot, process.arch) } } };
      },
      files,
      options,
      context,
    ),
];

/**
 * @param {NonNullable<ReturnType<typeof readCargoWorkspace>>} workspace
 * @param {string} projectRoot relative to the nx workspace
 * @param {string} arch Node's name of the architecture to build for
 * @returns {Record<string, TargetConfiguration>}
 */
export function inferTargets({ crates }, projectRoot, arch) {
  const rustTarget = targetFactory(projectRoot);
  /** @type {Record<string, TargetConfiguration>} */
  const targets = {
    'rust-test': rustTarget('Tests every crate in release mode.', 'test', EVERYTHING_RUST),
    'rust-lint': rustTarget('Checks formatting and runs clippy over every crate, warnings denied.', 'lint', EVERYTHING_RUST),
  };
  for (const crate of crates) {
    if (!crate.addon) continue;
    const shipped = crate.addon.builds[arch];
    if (!shipped) throw new Error(`${crate.directory}/Cargo.toml: [package.metadata.addon] has no builds for the architecture ${arch}`);
    const inputs = crateInputs(buildClosure(crates, crate));
    for (const build of [...shipped, 'native']) {
      targets[`build-addon-${build}`] = {
        ...rustTarget(`Builds the addon for ${build} CPUs.`, `build --crate ${crate.name} --build ${build}`, inputs),
        outputs: [`{projectRoot}/dist/${crate.addon.name}.${build}.node`],
      };
    }
    targets['build-addon'] = {
      executor: 'nx:noop',
      dependsOn: shipped.map((build) => `build-addon-${build}`),
      metadata: { technologies: ['rust'], description: `Builds the addon for every kind of CPU it ships for: ${shipped.join(', ')}.` },
    };
    targets.build = { dependsOn: ['...', 'build-addon'] };
  }
  return targets;
}

/** @param {string} projectRoot */
function targetFactory(projectRoot) {
  const runner = posix.relative(projectRoot, RUNNER);
  /**
   * @param {string} description
   * @param {string} command arguments of the runner
   * @param {NonNullable<TargetConfiguration['inputs']>} inputs
   * @returns {TargetConfiguration}
   */
  return (description, command, inputs) => ({
    executor: 'nx:run-commands',
    options: { cwd: projectRoot, command: `node ${runner} ${command}` },
    cache: true,
    inputs,
    outputs: [],
    metadata: { technologies: ['rust'], description },
  });
}

/**
 * What an addon is built from: its crates without what only their tests need.
 * @param {string[]} directories
 */
function crateInputs(directories) {
  return [
    ...directories.map((directory) => `{projectRoot}/${directory}/**/*`),
    '!{projectRoot}/crates/*/{tests,examples,benches}/**/*',
    '!{projectRoot}/crates/*/src/**/tests/**/*',
    '{projectRoot}/Cargo.toml',
    '{projectRoot}/Cargo.lock',
    '{projectRoot}/rust-toolchain.toml',
    '{projectRoot}/.cargo/**/*',
    ...TOOLCHAIN,
  ];
}

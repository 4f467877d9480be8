// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse } from 'smol-toml';

/**
 * @typedef {object} Crate
 * @property {string} directory Relative to the Cargo workspace, with forward slashes.
 * @property {string} name
 * @property {string[]} pathDependencies Directories of the workspace's crates it is built from.
 * @property {Addon | null} addon
 */

/**
 * What `[package.metadata.addon]` of a crate of type `cdylib` that depends on `napi` says.
 * @typedef {object} Addon
 * @property {string} name The artefact's name: `dist/<name>.<build>.node`.
 * @property {string} profile Cargo profile of the shipped builds.
 * @property {Record<string, string[]>} builds Builds by Node's name of the architecture; each but `native` is a `target-cpu`.
 */

/**
 * Reads a Cargo workspace; null when the directory's Cargo.toml is not one.
 * @param {string} root absolute path of the workspace
 * @returns {{ crates: Crate[] } | null}
 * @throws when a Cargo.toml cannot be parsed or a member is missing; the message names the file.
 */
export function readCargoWorkspace(root) {
  const manifest = readManifest(join(root, 'Cargo.toml'));
  const members = manifest.workspace?.members;
  if (!Array.isArray(members)) return null;
  const shared = manifest.workspace?.dependencies ?? {};
  return { crates: members.flatMap((pattern) => expandMember(root, String(pattern))).map((directory) => readCrate(root, directory, shared)) };
}

/**
 * The crate's directory and those of the workspace's crates it is built from, sorted.
 * @param {Crate[]} crates
 * @param {Crate} crate
 */
export function buildClosure(crates, crate) {
  const seen = new Set([crate.directory]);
  for (const directory of seen) {
    for (const dependency of crates.find((other) => other.directory === directory)?.pathDependencies ?? []) seen.add(dependency);
  }
  return [...seen].sort();
}

/**
 * @param {string} root
 * @param {string} directory
 * @param {Record<string, any>} shared the workspace's own dependency table, relative to its root
 * @returns {Crate}
 */
function readCrate(root, directory, shared) {
  const manifest = readManifest(join(root, directory, 'Cargo.toml'));
  const dependencies = { ...manifest['build-dependencies'], ...manifest.dependencies };
  const pathDependencies = Object.entries(dependencies).flatMap(([name, dependency]) => {
    if (dependency?.path) return [posix.join(directory, dependency.path)];
    if (dependency?.workspace && shared[name]?.path) return [posix.normalize(shared[name].path)];
    return [];
  });
  const isAddon = manifest.lib?.['crate-type']?.includes('cdylib') && 'napi' in dependencies;
  return {
    directory,
    name: manifest.package?.name,
    pathDependencies,
    addon: isAddon ? readAddon(join(directory, 'Cargo.toml'), manifest) : null,
  };
}

/**
 * @param {string} file
 * @param {Record<string, any>} manifest
 * @returns {Addon}
 */
function readAddon(file, manifest) {
  const { name, profile, builds } = manifest.package?.metadata?.addon ?? {};
  const valid = typeof name === 'string' && typeof profile === 'string' && builds && Object.values(builds).every(Array.isArray);
  if (!valid) throw new Error(`${file}: an addon crate needs [package.metadata.addon] with name, profile and builds`);
  return { name, profile, builds };
}

/**
 * @param {string} root
 * @param {string} pattern `crates/*` or a plain path
 */
function expandMember(root, pattern) {
  if (!pattern.endsWith('/*')) return [pattern];
  const parent = pattern.slice(0, -2);
  return readdirSync(join(root, parent))
    .filter((entry) => existsSync(join(root, parent, entry, 'Cargo.toml')))
    .sort()
    .map((entry) => `${parent}/${entry}`);
}

/**
 * @param {string} file
 * @returns {Record<string, any>}
 */
function readManifest(file) {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

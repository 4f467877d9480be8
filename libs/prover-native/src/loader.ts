import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ProverError } from '@provefleet/prover';
import { ADDON_INTERFACE, type Addon, type AddonInfo } from './binding.js';

/** Builds by Node's name of the architecture, plainest first. The same list is in `crates/napi/Cargo.toml`. */
const SHIPPED_BUILDS: Readonly<Record<string, readonly string[]>> = { x64: ['x86-64', 'x86-64-v3'], arm64: ['arm64'] };

/** A build that uses all of the CPU it was made on. Never chosen by itself: nothing tells whether this is that CPU. */
const NATIVE_BUILD = 'native';

/** What the loader asks of the machine; tests give their own. */
export interface LoaderHost {
  readonly arch: string;
  /** Value of `PROVEFLEET_CPU_BUILD`: the build to load, whatever would be chosen. */
  readonly wantedBuild: string | undefined;
  exists(file: string): boolean;
  require(file: string): unknown;
}

const thisHost = (): LoaderHost => ({
  arch: process.arch,
  wantedBuild: process.env['PROVEFLEET_CPU_BUILD'] || undefined,
  exists: existsSync,
  require: createRequire(import.meta.url),
});

/**
 * Loads the fastest build of the addon that this CPU can run. The plainest one is asked what the CPU can do.
 * @throws ProverError `BackendUnavailable` with what to do about it.
 */
export function loadAddon(host: LoaderHost = thisHost()): { readonly addon: Addon; readonly info: AddonInfo } {
  if (host.wantedBuild === NATIVE_BUILD) return load(host, NATIVE_BUILD);
  const shipped = SHIPPED_BUILDS[host.arch];
  const plainest = shipped?.[0];
  if (!shipped || !plainest) {
    throw unavailable(`there is no build for the CPU architecture ${host.arch}; there is one for ${Object.keys(SHIPPED_BUILDS).join(' and ')}`);
  }
  if (host.wantedBuild !== undefined && !shipped.includes(host.wantedBuild)) {
    throw unavailable(`PROVEFLEET_CPU_BUILD is "${host.wantedBuild}"; it can be ${[...shipped, NATIVE_BUILD].join(', ')}, or unset`);
  }
  const base = load(host, plainest);
  const supported = base.info.supportedBuilds;
  if (host.wantedBuild !== undefined && !supported.includes(host.wantedBuild)) {
    throw unavailable(`PROVEFLEET_CPU_BUILD asks for ${host.wantedBuild}, which this CPU cannot run; it can run ${supported.join(', ')}`);
  }
  const chosen = host.wantedBuild ?? shipped.findLast((build) => supported.includes(build) && host.exists(addonFile(build)));
  return chosen === undefined || chosen === plainest ? base : load(host, chosen);
}

function load(host: LoaderHost, build: string): { addon: Addon; info: AddonInfo } {
  const file = addonFile(build);
  const howToBuild = `build it with \`npx nx run prover-native:build-addon-${build}\` (needs Rust)`;
  if (!host.exists(file)) throw unavailable(`its build for ${build} CPUs is missing; ${howToBuild}`);
  let addon: Addon;
  let info: AddonInfo;
  try {
    addon = host.require(file) as Addon;
    info = addon.addonInfo();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unavailable(`its build for ${build} CPUs does not load here (${reason}); ${howToBuild}`, error);
  }
  if (info.interface !== ADDON_INTERFACE || info.build !== build) {
    throw unavailable(`its build for ${build} CPUs is out of date; ${howToBuild}`);
  }
  return { addon, info };
}

function addonFile(build: string): string {
  return fileURLToPath(new URL(`../dist/provefleet-prover.${build}.node`, import.meta.url));
}

function unavailable(reason: string, cause?: unknown): ProverError {
  return new ProverError('BackendUnavailable', `the native prover cannot start: ${reason}`, {}, { cause });
}

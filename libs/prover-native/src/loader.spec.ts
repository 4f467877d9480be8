import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ADDON_INTERFACE, type AddonInfo } from './binding.js';
import { loadAddon, type LoaderHost } from './loader.js';

interface Machine {
  arch?: string;
  supported?: string[];
  present?: string[];
  wanted?: string;
  /** What loading a build gives, where it is not the addon one expects. */
  broken?: Record<string, Partial<AddonInfo> | Error>;
}

function host({ arch = 'x64', supported = ['x86-64', 'x86-64-v3'], present = ['x86-64', 'x86-64-v3', 'native'], wanted, broken = {} }: Machine): LoaderHost {
  const buildOf = (file: string) => /^provefleet-prover\.(.+)\.node$/.exec(basename(file))?.[1] ?? 'none';
  return {
    arch,
    wantedBuild: wanted,
    exists: (file) => present.includes(buildOf(file)),
    require: (file) => {
      const build = buildOf(file);
      const fault = broken[build];
      if (fault instanceof Error) throw fault;
      return { addonInfo: () => ({ interface: ADDON_INTERFACE, build, supportedBuilds: supported, ...fault }) };
    },
  };
}

const chosen = (machine: Machine) => loadAddon(host(machine)).info.build;

describe('the build of the addon', () => {
  it.each<[string, Machine, string]>([
    ['the fastest that the CPU runs', {}, 'x86-64-v3'],
    ['the plainest on an old CPU', { supported: ['x86-64'] }, 'x86-64'],
    ['the plainest where the faster one was not built', { present: ['x86-64'] }, 'x86-64'],
    ['the only one on arm64', { arch: 'arm64', supported: ['arm64'], present: ['arm64'] }, 'arm64'],
    ['the one asked for', { wanted: 'x86-64' }, 'x86-64'],
    ['native when asked for, even alone', { wanted: 'native', present: ['native'] }, 'native'],
  ])('is %s', (_what, machine, build) => {
    expect(chosen(machine)).toBe(build);
  });
});

describe('without a build that fits, the loader says what to do', () => {
  it.each<[string, Machine, RegExp]>([
    ['nothing was built', { present: [] }, /build for x86-64 CPUs is missing; build it with `npx nx run prover-native:build-addon-x86-64`/],
    ['another architecture', { arch: 'riscv64' }, /no build for the CPU architecture riscv64; there is one for x64 and arm64/],
    ['a name that is none', { wanted: 'avx9' }, /PROVEFLEET_CPU_BUILD is "avx9"; it can be x86-64, x86-64-v3, native, or unset/],
    ['a CPU too old for the one asked for', { wanted: 'x86-64-v3', supported: ['x86-64'] }, /asks for x86-64-v3, which this CPU cannot run; it can run x86-64/],
    ['native was not built', { wanted: 'native', present: ['x86-64'] }, /build for native CPUs is missing/],
    ['a file that does not load', { broken: { 'x86-64': new Error('GLIBC_2.99 not found') } }, /does not load here \(GLIBC_2.99 not found\)/],
    ['an addon of another interface', { broken: { 'x86-64-v3': { interface: ADDON_INTERFACE + 1 } } }, /for x86-64-v3 CPUs is out of date/],
    ['a file under another name', { broken: { 'x86-64': { build: 'x86-64-v3' } } }, /for x86-64 CPUs is out of date/],
  ])('%s', (_what, machine, message) => {
    expect(() => loadAddon(host(machine))).toThrow(expect.objectContaining({ code: 'BackendUnavailable', message: expect.stringMatching(message) }));
  });
});

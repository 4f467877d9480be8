import { lookup } from 'node:dns/promises';
import { statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { encodeInput, FIB_INPUT_INITIAL, type Capabilities, type ProverRegistry } from '@provefleet/prover';
import { automaticWorkers } from '../configuration/desired.js';
import { orchestratorOf, readConfiguration, type LocalConfiguration } from '../configuration/local.js';
import { AgentError, messageOf } from '../errors.js';
import { errorCode, requirePrivate, type FileSystem } from '../state/files.js';
import { statePaths } from '../state/paths.js';
import { coreCount, memoryTotalBytes } from '../status/machine.js';
import { proveAndVerify } from '../workers/run-worker.js';

export interface Finding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const REACH_MS = 8000;
const CLOCK_SKEW_MS = 30_000;
const LEAST_NODE = [20, 19] as const;
/** Room for a full outbox and logs. */
const LEAST_DISK_BYTES = 200 * MIB;

/** Looks at everything proving depends on, one finding each. Changes nothing. */
export async function doctor(fs: FileSystem, stateDirectory: string, backends: ProverRegistry): Promise<Finding[]> {
  const configuration = await configurationOf(fs, stateDirectory);
  const local = configuration instanceof AgentError ? null : configuration;
  const findings = [
    nodeVersion(),
    processor(),
    memory(),
    await backend(local?.backend ?? 'native', backends),
    configuration instanceof AgentError
      ? { check: 'configuration', result: configuration.code === 'NotJoined' ? ('warning' as const) : ('problem' as const), detail: configuration.message }
      : { check: 'configuration', result: 'ok' as const, detail: `${configuration.machineName}, ${configuration.nodes.length} nodes, profile ${configuration.profile}` },
    await stateFiles(fs, stateDirectory),
    await disk(stateDirectory),
  ];
  if (local) {
    findings.push(...(await server('control plane', new URL(local.controlPlaneUrl), '/api/v1/health')));
    findings.push(...(await server('orchestrator', orchestratorOf(local), '/')));
  }
  return findings;
}

async function configurationOf(fs: FileSystem, stateDirectory: string): Promise<LocalConfiguration | AgentError> {
  try {
    return await readConfiguration(fs, statePaths(stateDirectory).configuration);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1]);
  return { check: 'Node.js', result: old ? 'problem' : 'ok', detail: old ? `${process.version}; ${LEAST_NODE.join('.')} or later is needed` : process.version };
}

function processor(): Finding {
  return { check: 'processor', result: 'ok', detail: `${cpus()[0]?.model ?? 'unknown'}, ${coreCount()} cores, ${process.arch}` };
}

function memory(): Finding {
  const total = memoryTotalBytes();
  const workers = automaticWorkers({ cores: coreCount(), memoryBytes: total });
  const detail = `${(total / GIB).toFixed(1)} GiB; suggested: ${workers} ${workers === 1 ? 'worker' : 'workers'}, difficulty up to ${suggestedDifficulty(total / workers)}`;
  return { check: 'memory', result: total < GIB ? 'warning' : 'ok', detail };
}

/** Largest difficulty that should fit in a worker's share: each step of the ladder about doubles the work. */
function suggestedDifficulty(bytesPerWorker: number): string {
  if (bytesPerWorker >= 8 * GIB) return 'EXTRA_LARGE';
  if (bytesPerWorker >= 4 * GIB) return 'LARGE';
  return bytesPerWorker >= 2 * GIB ? 'MEDIUM' : 'SMALL_MEDIUM';
}

/** Loads the prover and makes one small proof with it. */
async function backend(name: string, backends: ProverRegistry): Promise<Finding> {
  const check = `prover ${name}`;
  try {
    const prover = await backends.create(name, { threads: 1 });
    try {
      const capabilities = await prover.capabilities();
      const input = encodeInput({ program: FIB_INPUT_INITIAL, n: 9, initA: 1, initB: 1 });
      const { milliseconds } = await proveAndVerify(prover, { program: FIB_INPUT_INITIAL, input }, () => performance.now(), () => undefined);
      return { check, result: 'ok', detail: `${describe(capabilities)}; proved (9, 1, 1) in ${milliseconds.toFixed(1)} ms` };
    } finally {
      await prover.close();
    }
  } catch (error) {
    return { check, result: 'problem', detail: messageOf(error) };
  }
}

function describe({ version, cpuBuild, securityBits, cpuFeatures }: Capabilities): string {
  return `version ${version}, build ${cpuBuild}${securityBits === null ? '' : `, ${securityBits} bits`}${cpuFeatures.length > 0 ? `, CPU has ${cpuFeatures.join(' ')}` : ''}`;
}

async function stateFiles(fs: FileSystem, stateDirectory: string): Promise<Finding> {
  const check = 'state directory';
  try {
    await requirePrivate(fs, stateDirectory, 'directory');
    return { check, result: 'ok', detail: stateDirectory };
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { check, result: 'warning', detail: `${stateDirectory} is not there yet; join makes it` } : { check, result: 'problem', detail: messageOf(error) };
  }
}

async function disk(directory: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    return { check: 'disk', result: free < LEAST_DISK_BYTES ? 'problem' : 'ok', detail: `${Math.round(free / MIB)} MiB free` };
  } catch (error) {
    // Not made yet: it will be on the disk of the directory it is to be in.
    if (errorCode(error) === 'ENOENT' && dirname(directory) !== directory) return disk(dirname(directory));
    return { check: 'disk', result: 'warning', detail: messageOf(error) };
  }
}

/** Name resolution, reachability with TLS, and how far this machine's clock is from the server's. */
async function server(name: string, url: URL, path: string): Promise<Finding[]> {
  try {
    await lookup(url.hostname.replace(/^\[|\]$/g, ''));
  } catch (error) {
    return [{ check: `${name}: name`, result: 'problem', detail: messageOf(error) }];
  }
  const started = Date.now();
  try {
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(REACH_MS), redirect: 'manual' });
    await response.arrayBuffer();
    const took = Date.now() - started;
    const reach: Finding = { check: name, result: 'ok', detail: `${url.origin} answers in ${took} ms${url.protocol === 'https:' ? ', TLS is good' : ''}` };
    return [reach, ...clock(name, response.headers.get('date'), started + took / 2)];
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    return [{ check: name, result: 'problem', detail: `${url.origin}: ${cause}` }];
  }
}

/** The `Date` header has whole seconds, so that half a second either way means nothing. */
function clock(name: string, header: string | null, measuredAt: number): Finding[] {
  const theirs = header === null ? NaN : Date.parse(header);
  if (Number.isNaN(theirs)) return [];
  const skew = measuredAt - (theirs + 500);
  const seconds = (Math.abs(skew) / 1000).toFixed(1);
  const far = Math.abs(skew) > CLOCK_SKEW_MS;
  return [{ check: `clock, by ${name}`, result: far ? 'warning' : 'ok', detail: far ? `this machine's clock is ${seconds} s ${skew > 0 ? 'ahead' : 'behind'}` : `within ${seconds} s` }];
}

export function doctorText(findings: readonly Finding[]): string {
  const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' };
  return findings.map(({ check, result, detail }) => `${marks[result]}  ${check.padEnd(24)} ${detail}`).join('\n');
}

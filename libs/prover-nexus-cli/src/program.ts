import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { ProverError } from '@provefleet/prover';
import { run, type RunResult } from './run.js';

/** The program of the public network, which the operator installs. */
export const NEXUS_PROGRAM = 'nexus-network';

const VERSION_TIMEOUT_MS = 10_000;
const VERSION_MAX_BYTES = 4096;
/** As long as a machine's facts take it. */
const VERSION_MAX_CHARACTERS = 40;

/**
 * Finds the program: the configured path, or the first on PATH.
 * @param environment read for PATH; relative and empty entries are skipped, so that the working folder decides nothing
 * @throws ProverError `BackendUnavailable` with what to do about it.
 */
export function locate(path: string | undefined, environment: NodeJS.ProcessEnv): string {
  if (path !== undefined) {
    const problem = whyNotExecutable(path);
    if (problem !== null) throw unavailable(`the configured path ${path} ${problem}`);
    return resolve(path); // a bare name would be searched on PATH
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const found = folders.map((folder) => join(folder, NEXUS_PROGRAM)).find((candidate) => whyNotExecutable(candidate) === null);
  if (found === undefined) throw unavailable(`${NEXUS_PROGRAM} is not on PATH`);
  return found;
}

/**
 * Asks the program for its version, such as `0.10.18`.
 * @throws ProverError `BackendUnavailable` when it does not answer.
 */
export async function readVersion(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const signal = AbortSignal.timeout(VERSION_TIMEOUT_MS);
  let result: RunResult;
  try {
    result = await run(path, ['--version'], { maxStdoutBytes: VERSION_MAX_BYTES, env, signal });
  } catch (error) {
    throw notStarted(path, error);
  }
  if (signal.aborted) throw unavailable(`${path} --version did not answer within ${VERSION_TIMEOUT_MS / 1000} s`);
  const version = parseVersion(result.stdout);
  if (result.exitCode !== 0 || version === '') {
    throw unavailable(`${path} --version did not tell a version (${howItEnded(result)})${result.stderr ? `: ${result.stderr}` : ''}`);
  }
  return version;
}

/** The version in a line such as `nexus-network 0.10.18`; empty when there is none. */
export function parseVersion(stdout: Uint8Array): string {
  const words = new TextDecoder().decode(stdout).match(/[\x21-\x7e]+/g) ?? [];
  return (words.find((word) => /^v?\d+\.\d/.test(word)) ?? '').replace(/^v/, '').slice(0, VERSION_MAX_CHARACTERS);
}

export function howItEnded({ exitCode, killedBy }: Pick<RunResult, 'exitCode' | 'killedBy'>): string {
  return killedBy === null ? `exit code ${exitCode}` : `ended by ${killedBy}`;
}

/** A spawn error: a program that is gone or not runnable makes the backend unavailable. */
export function notStarted(path: string, error: unknown): ProverError {
  const reason = error instanceof Error ? error.message : String(error);
  return unavailable(`${path} could not be started (${reason})`, error);
}

export function unavailable(reason: string, cause?: unknown): ProverError {
  return new ProverError(
    'BackendUnavailable',
    `the nexus-cli prover cannot run: ${reason}. Install the network's own client and put its folder (its installer takes ~/.nexus/bin) on the agent's PATH, or configure its path`,
    {},
    { cause },
  );
}

function whyNotExecutable(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return 'is not a file';
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') return 'may not be executed by this user';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code})`;
  }
}

import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Root of the workspace. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A failure that a person can act on. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/**
 * Path of a part of the workspace that another project builds.
 * @throws BenchError that names the command which builds it.
 */
export function builtFile(path: string, project: string): string {
  const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  if (!existsSync(file)) throw new BenchError(`${path} is missing; build it with \`npx nx build ${project}\``);
  return file;
}

/**
 * Runs a program and reads the JSON it prints as its last line.
 * @throws BenchError with the end of its stderr.
 */
export async function runForJson<T>(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<T> {
  const output = await run(program, args, env);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as T;
}

/** @throws BenchError with the end of its stderr. */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = ROOT): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 };
    execFile(program, [...args], options, (error: ExecFileException | null, stdout, stderr) => {
      if (error) reject(new BenchError(`${program} ${args.join(' ')} failed (${error.signal ?? error.code}): ${stderr.trim().slice(-1000)}`));
      else resolve(stdout);
    });
  });
}

// Packages of the system, where we may install them: as root on Debian.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run } from './steps.mjs';

export const isDebianRoot = () => process.getuid?.() === 0 && existsSync('/etc/debian_version');

const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

/** @param {string[]} packages */
export async function aptInstall(packages, progress) {
  await run('apt-get', ['update'], { log: 'apt-update', progress });
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { log: 'apt-install', progress, env: { DEBIAN_FRONTEND: 'noninteractive' } });
}

/**
 * @param {Record<string, string>} wanted package by program
 * @throws {Error} naming the programs that are missing, where they cannot be installed
 */
export async function ensureDebianPackages(wanted, progress) {
  const missing = Object.entries(wanted).filter(([program]) => !has(program));
  if (missing.length === 0) return;
  if (!isDebianRoot()) throw new Error(`Missing: ${missing.map(([program]) => program).join(', ')}. Install the packages ${missing.map(([, name]) => name).join(', ')} and try again.`);
  await aptInstall(missing.map(([, name]) => name), progress);
}

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureDirectory, requirePrivate, type FileSystem } from './files.js';

/** Where each thing lives below the state directory. */
export interface StatePaths {
  readonly root: string;
  readonly lock: string;
  readonly configuration: string;
  readonly desired: string;
  readonly status: string;
  readonly keys: string;
  readonly tasks: string;
  readonly proofs: string;
  readonly events: string;
  readonly damaged: string;
}

export function statePaths(root: string): StatePaths {
  return {
    root,
    lock: join(root, 'agent.lock'),
    configuration: join(root, 'agent.json'),
    desired: join(root, 'desired.json'),
    status: join(root, 'status.json'),
    keys: join(root, 'keys'),
    tasks: join(root, 'tasks'),
    proofs: join(root, 'proofs'),
    events: join(root, 'events'),
    damaged: join(root, 'damaged'),
  };
}

/**
 * The state directory: `--state-dir`, else `PROVEFLEET_STATE_DIR`, else `/var/lib/provefleet` for root and
 * `~/.provefleet/agent` for anybody else.
 */
export function stateDirectory(option: string | undefined, environment: NodeJS.ProcessEnv, uid: number | undefined): string {
  const chosen = option ?? (environment['PROVEFLEET_STATE_DIR'] || undefined);
  if (chosen !== undefined) return resolve(chosen);
  return uid === 0 ? '/var/lib/provefleet' : join(homedir(), '.provefleet', 'agent');
}

/**
 * Makes the state directory and its parts, and refuses it when others may enter it.
 * @throws AgentError `StateUnsafe`.
 */
export async function prepareState(fs: FileSystem, root: string): Promise<StatePaths> {
  const paths = statePaths(root);
  await ensureDirectory(fs, root);
  await requirePrivate(fs, root, 'directory');
  for (const directory of [paths.keys, paths.tasks, paths.proofs, paths.events]) {
    await ensureDirectory(fs, directory);
  }
  await requirePrivate(fs, paths.keys, 'directory');
  return paths;
}

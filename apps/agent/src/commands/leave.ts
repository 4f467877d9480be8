import { AgentError } from '../errors.js';
import { readIfThere, removeIfThere, type FileSystem } from '../state/files.js';
import { StateLock } from '../state/lock.js';
import { statePaths } from '../state/paths.js';

export interface LeaveOptions {
  readonly stateDirectory: string;
  /** Leave although fetched tasks or finished proofs would be abandoned. */
  readonly force: boolean;
}

/**
 * Takes this machine out of its fleet: removes its configuration. Its keys stay, so that it can come back as itself.
 * @throws AgentError `NotJoined`, `StateLocked`, `Usage` when work is unfinished.
 */
export async function leave(fs: FileSystem, { stateDirectory, force }: LeaveOptions): Promise<void> {
  const paths = statePaths(stateDirectory);
  if ((await readIfThere(fs, paths.configuration)) === null) throw new AgentError('NotJoined', 'this machine is in no fleet');
  const lock = await StateLock.acquire(fs, paths.lock);
  try {
    const open = [...(await fs.readdir(paths.tasks)), ...(await fs.readdir(paths.proofs))].filter((name) => /\.(task|proof)$/.test(name)).length;
    if (open > 0 && !force) throw new AgentError('Usage', `${open} tasks are unfinished; run the agent until they are, or add --force to abandon them`);
    await removeIfThere(fs, paths.configuration);
    await removeIfThere(fs, paths.desired);
    await removeIfThere(fs, paths.status);
  } finally {
    await lock.release();
  }
}

import { heartbeatSchema } from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { readIfThere, writeAtomic, type FileSystem } from '../state/files.js';

/** What `status` prints and `/status.json` answers; also kept as a file, so that it can be read when no agent runs. */
export const statusReportSchema = z.object({
  machineId: z.string(),
  machineName: z.string(),
  agentVersion: z.string(),
  environment: z.string(),
  orchestrator: z.string(),
  profile: z.string(),
  backend: z.string(),
  pid: z.number().int(),
  /** Where the local status pages are; null when there are none. */
  statusUrl: z.string().nullable(),
  controlPlane: z.object({ url: z.string(), connection: z.enum(['connected', 'connecting', 'waiting', 'revoked', 'stopped']), cause: z.string() }),
  heartbeat: heartbeatSchema,
});
export type StatusReport = z.infer<typeof statusReportSchema>;

export async function writeReport(fs: FileSystem, path: string, report: StatusReport): Promise<void> {
  await writeAtomic(fs, path, JSON.stringify(report));
}

/** The report as it was last written; null when there is none that can be read. */
export async function readReport(fs: FileSystem, path: string): Promise<StatusReport | null> {
  const content = await readIfThere(fs, path);
  if (content === null) return null;
  try {
    const parsed = statusReportSchema.safeParse(JSON.parse(content.toString()));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

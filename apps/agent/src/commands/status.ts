import type { WorkerStatus } from '@provefleet/fleet-protocol';
import { AgentError } from '../errors.js';
import type { FileSystem } from '../state/files.js';
import { processTable } from '../state/lock.js';
import { statePaths } from '../state/paths.js';
import { readReport, statusReportSchema, type StatusReport } from '../status/report.js';

const TIMEOUT_MS = 1500;

export interface StatusAnswer {
  /** False: the report is the last one of an agent that does not run now. */
  readonly running: boolean;
  readonly report: StatusReport;
}

/**
 * The state of the agent of this state directory, from the agent itself when it answers, else as it was last written.
 * Needs no control plane.
 * @throws AgentError `NotJoined` when no agent has ever run there.
 */
export async function status(fs: FileSystem, stateDirectory: string): Promise<StatusAnswer> {
  const paths = statePaths(stateDirectory);
  const written = await readReport(fs, paths.status);
  if (written === null) throw new AgentError('NotJoined', `no agent has run with the state directory ${paths.root} yet`);
  if (!processTable(fs).isAlive(written.pid)) return { running: false, report: written };
  const live = written.statusUrl === null ? null : await ask(written.statusUrl);
  // Another agent may have the port by now.
  return { running: true, report: live?.machineId === written.machineId ? live : written };
}

async function ask(url: string): Promise<StatusReport | null> {
  try {
    const response = await fetch(`${url}/status.json`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const parsed = statusReportSchema.safeParse(await response.json());
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // The file is the answer then.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** The report for a person at a terminal. */
export function statusText({ running, report }: StatusAnswer, now: number): string {
  const { heartbeat, controlPlane } = report;
  const { counters, gauges, observed } = heartbeat;
  const ago = `${Math.max(0, Math.round((now - heartbeat.at) / 1000))} s ago`;
  const lines = [
    `${report.machineName}  ${running ? heartbeat.state : `not running (was ${heartbeat.state}, ${ago})`}${heartbeat.reason ? `: ${heartbeat.reason}` : ''}`,
    `  network        ${report.environment}, ${report.orchestrator}, profile ${report.profile}, backend ${report.backend}`,
    `  control plane  ${controlPlane.url}, ${running ? controlPlane.connection : 'not connected'}${controlPlane.cause ? ` (${controlPlane.cause})` : ''}`,
    `  configuration  revision ${observed.revision}, workers ${observed.document.workers}${observed.document.paused ? ', paused' : ''}`,
    ...(observed.rejected ? [`  rejected       revision ${observed.rejected.revision}: ${observed.rejected.field}: ${observed.rejected.reason}`] : []),
    `  tasks          ${counters.fetched} fetched, ${counters.accepted} accepted, ${counters.refused} refused, ${counters.expired} expired, ${counters.failed} failed`,
    `  waiting        ${gauges.taskQueue} tasks, ${gauges.outboxProofs} proofs, ${gauges.outboxEvents} events`,
    ...heartbeat.nodes.map((node) => `  node           ${node.nodeId}${node.nextFetchAt === null ? '' : `, next fetch ${inTime(node.nextFetchAt - now)}`}${node.throttledUntil === null ? '' : ', throttled'}`),
    ...heartbeat.workers.map(workerLine),
  ];
  return `${lines.join('\n')}\n`;
}

function workerLine({ id, state, program, stage, restarts, cause, memoryBytes }: WorkerStatus): string {
  const work = program === null ? '' : ` ${program}${stage === null ? '' : ` (${stage})`}`;
  return `  worker ${String(id).padEnd(7)} ${state}${work}, ${Math.round(memoryBytes / 2 ** 20)} MiB${restarts > 0 ? `, ${restarts} restarts` : ''}${cause ? `: ${cause}` : ''}`;
}

function inTime(milliseconds: number): string {
  return milliseconds <= 1000 ? 'now' : `in ${Math.ceil(milliseconds / 1000)} s`;
}

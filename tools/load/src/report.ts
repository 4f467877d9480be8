import type { CountReport } from './database.js';
import type { Storm } from './fleet.js';
import type { LatencySummary } from './latency.js';
import type { ListReport } from './list-probe.js';
import type { ProcessReport } from './process-probe.js';
import type { TallyReport } from './tally.js';
import type { WatcherReport } from './watcher.js';

/** All figures of a run. Times are milliseconds and sizes bytes unless the name says otherwise. */
export interface LoadReport {
  readonly startedAt: string;
  readonly seconds: number;
  readonly machines: number;
  readonly eventsPerSecond: number;
  readonly seed: string;
  readonly enrolMs: number;
  readonly connectMs: number;
  readonly made: number;
  /** Made and never acknowledged. */
  readonly pending: number;
  readonly tally: TallyReport;
  readonly storms: readonly Storm[];
  /** Null without a database to look into. */
  readonly rows: { readonly latency: LatencySummary; readonly notVisible: number } | null;
  readonly counted: CountReport | null;
  readonly watchers: readonly WatcherReport[];
  readonly lists: ListReport;
  readonly controlPlane: ProcessReport | null;
  /** Of the machine all this ran on: cores, and processes that ran or waited to, averaged over the run's last minute. */
  readonly host: { readonly cores: number; readonly load: number };
  /** How well the generator itself kept up: a late event loop makes every other latency look worse. */
  readonly generator: { readonly loopDelayP99: number; readonly loopDelayMax: number; readonly cores: number; readonly peakBytes: number };
}

/** What went wrong, in sentences; empty when nothing was lost, doubled or against the protocol. */
export function verdict({ made, pending, tally, counted, watchers }: LoadReport): string[] {
  const problems: string[] = [];
  if (pending > 0) problems.push(`${pending} of ${made} events were never acknowledged`);
  if (counted && counted.lost > 0) problems.push(`${counted.lost} rows are missing in the database`);
  if (counted && counted.doubled > 0) problems.push(`${counted.doubled} rows are in the database twice`);
  if (counted && counted.wrong.length > 0) problems.push(`these machines differ: ${counted.wrong.join('; ')}`);
  if (tally.faults.count > 0) problems.push(`${tally.faults.count} faults, the first: ${tally.faults.first[0]}`);
  const repeated = watchers.reduce((sum, watcher) => sum + watcher.repeated, 0);
  if (repeated > 0) problems.push(`${repeated} events came twice over the live socket`);
  return problems;
}

/** The report for people: one screenful. */
export function describe(report: LoadReport): string {
  const { tally, rows, counted, lists, controlPlane, generator } = report;
  const lines: [string, string][] = [
    ['Load', `${report.machines} machines, ${report.eventsPerSecond} events/s for ${report.seconds} s, ${tally.heartbeats} heartbeats`],
    ['Enrolled', `in ${seconds(report.enrolMs)}, connected in ${seconds(report.connectMs)}`],
    ['Events', `${report.made} made, ${tally.sent} sent, ${tally.resent} of them again, ${tally.acknowledged} acknowledged, ${report.pending} pending`],
    ['Event → ack', latency(tally.acknowledgement)],
  ];
  if (tally.acknowledgementAfterLoss.count > 0) lines.push(['  after a lost connection', latency(tally.acknowledgementAfterLoss)]);
  if (rows) lines.push(['Event → row', `${latency(rows.latency)}${rows.notVisible > 0 ? `, ${rows.notVisible} not seen within 30 s` : ''}`]);
  for (const watcher of report.watchers) {
    lines.push(['Event → dashboard', latency(watcher.latency)], ['  seen live', `${watcher.events} of ${report.made} events, ${watcher.machineUpdates} machine updates, ${watcher.resyncs} resyncs, ${megabytes(watcher.bytes)}`]);
  }
  lines.push(['Machine list', latency(lists.list)], ['  filtered and sorted', latency(lists.filter)], ['Overview', latency(lists.overview)]);
  if (lists.errors > 0) lines.push(['  failed requests', String(lists.errors)]);
  if (counted) lines.push(['Database', `${counted.storedEvents} of ${counted.expectedEvents} events, ${counted.storedProofs} of ${counted.expectedProofs} proofs; ${counted.lost} lost, ${counted.doubled} doubled`]);
  if (Object.keys(tally.disconnects).length > 0) lines.push(['Connections lost', causes(tally.disconnects)], ['  until back', latency(tally.downtime)]);
  if (Object.keys(tally.notWelcomed).length > 0) lines.push(['Attempts that failed', causes(tally.notWelcomed)]);
  for (const storm of report.storms) lines.push([`Storm at ${storm.atSeconds} s`, `${storm.machines} cut, all back ${storm.allBackMs === null ? 'never' : `after ${seconds(storm.allBackMs)}`}`]);
  if (controlPlane) lines.push(['Control plane', `${controlPlane.cores.toFixed(2)} cores, ${megabytes(controlPlane.peakBytes)} resident at most`]);
  lines.push(['Generator', `${generator.cores.toFixed(2)} cores, ${megabytes(generator.peakBytes)}, event loop late p99 ${generator.loopDelayP99.toFixed(1)} ms, max ${generator.loopDelayMax.toFixed(0)} ms`]);
  lines.push(['Host', `${report.host.cores} cores, load ${report.host.load.toFixed(1)}${report.host.load > report.host.cores ? ': others wanted the cores too, and the times show it' : ''}`]);
  return lines.map(([name, value]) => `${name.padEnd(26)}${value}`).join('\n');
}

const causes = (counts: Readonly<Record<string, number>>) => Object.entries(counts).map(([cause, count]) => `${count} × ${cause}`).join(', ');
const shown = (value: number | null) => (value === null ? '–' : value < 10 ? value.toFixed(1) : value.toFixed(0));
const latency = ({ count, p50, p95, p99, max }: LatencySummary) => `p50 ${shown(p50)}, p95 ${shown(p95)}, p99 ${shown(p99)}, max ${shown(max)} ms (${count})`;
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

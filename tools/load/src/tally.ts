import { LatencyRecorder, type LatencySummary } from './latency.js';
import type { MachineObserver, SimulatedMachine } from './machine.js';
import type { Entry } from './outbox.js';

const MAX_FAULTS_KEPT = 20;

export interface TallyReport {
  /** Each time an event went out counts. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Sent again on a new connection. */
  readonly resent: number;
  readonly heartbeats: number;
  readonly connects: number;
  /** Connections lost, by close code and reason. */
  readonly disconnects: Readonly<Record<string, number>>;
  /** Attempts that ended before the welcome, likewise. */
  readonly notWelcomed: Readonly<Record<string, number>>;
  /** From an event's making to its acknowledgement, where the connection held; milliseconds. */
  readonly acknowledgement: LatencySummary;
  /** The same for events that had to wait for a new connection. */
  readonly acknowledgementAfterLoss: LatencySummary;
  /** From the loss of a connection to the next welcome; milliseconds. */
  readonly downtime: LatencySummary;
  readonly faults: { readonly count: number; readonly first: readonly string[] };
}

/** Counts what the machines do and what happens to them. */
export class Tally implements MachineObserver {
  private readonly acknowledgement = new LatencyRecorder();
  private readonly acknowledgementAfterLoss = new LatencyRecorder();
  private readonly downtime = new LatencyRecorder();
  private readonly counts = { sent: 0, acknowledged: 0, resent: 0, heartbeats: 0, connects: 0 };
  private readonly disconnects: Record<string, number> = {};
  private readonly failedAttempts: Record<string, number> = {};
  private readonly faults = { count: 0, first: [] as string[] };

  connected(_machine: SimulatedMachine, downtimeMs: number | null): void {
    this.counts.connects += 1;
    if (downtimeMs !== null) this.downtime.add(downtimeMs);
  }

  disconnected(_machine: SimulatedMachine, code: number, reason: string): void {
    countCause(this.disconnects, code, reason);
  }

  notWelcomed(_machine: SimulatedMachine, code: number, reason: string): void {
    countCause(this.failedAttempts, code, reason);
  }

  sent(events: readonly Entry[]): void {
    this.counts.sent += events.length;
    for (const { sends } of events) if (sends > 1) this.counts.resent += 1;
  }

  acknowledged(events: readonly Entry[], now: number, connectedSince: number): void {
    this.counts.acknowledged += events.length;
    for (const { createdAt } of events) (createdAt >= connectedSince ? this.acknowledgement : this.acknowledgementAfterLoss).add(now - createdAt);
  }

  heartbeat(): void {
    this.counts.heartbeats += 1;
  }

  fault(machine: SimulatedMachine | null, description: string): void {
    this.faults.count += 1;
    if (this.faults.first.length < MAX_FAULTS_KEPT) this.faults.first.push(machine === null ? description : `${machine.name}: ${description}`);
  }

  report(): TallyReport {
    return {
      ...this.counts,
      disconnects: this.disconnects,
      notWelcomed: this.failedAttempts,
      acknowledgement: this.acknowledgement.summary(),
      acknowledgementAfterLoss: this.acknowledgementAfterLoss.summary(),
      downtime: this.downtime.summary(),
      faults: this.faults,
    };
  }
}

function countCause(counts: Record<string, number>, code: number, reason: string): void {
  const cause = reason === '' ? String(code) : `${code} ${reason}`;
  counts[cause] = (counts[cause] ?? 0) + 1;
}

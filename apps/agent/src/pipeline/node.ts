import type { OrchestratorError } from '@provefleet/orchestrator-client';
import { DifficultyLadder, FetchPacer, RequestTimer, type CircuitBreaker, type RequestBudget, type TimingProfile } from '@provefleet/scheduling';
import type { AgentClock } from '../clock.js';
import type { KeyPair } from '../identity/keys.js';
import type { ProofRecord, TaskRecord } from '../outbox/task-record.js';

/** A finished proof on its way to the network. */
export interface Submission {
  readonly record: ProofRecord;
  attempts: number;
  /** An earlier attempt may have got through although no answer came. */
  uncertain: boolean;
  /** Not before this time of the monotonic clock. */
  notBefore: number;
  /** It is being sent, or its answer is being recorded. */
  busy: boolean;
}

/** How the last request for a task ended. */
export type FetchResult =
  | { readonly kind: 'none-yet' | 'task' | 'no-task' }
  | { readonly kind: 'failed'; readonly message: string; readonly failuresInARow: number };

/** One assigned node: its key, its pace, its tasks and its finished proofs. */
export class ProverNode {
  /** Fetched and not yet begun, first one next. */
  readonly tasks: TaskRecord[] = [];
  readonly results: Submission[] = [];
  readonly pacer: FetchPacer;
  readonly submitTimer: RequestTimer;
  readonly ladder: DifficultyLadder;
  lastFetch: FetchResult = { kind: 'none-yet' };
  /** Share of the machine already used, for fairness among nodes. */
  used = 0;

  constructor(
    readonly id: string,
    readonly weight: number,
    readonly key: KeyPair,
    profile: TimingProfile,
    clock: AgentClock,
    circuit: CircuitBreaker,
    budget: RequestBudget | undefined,
  ) {
    this.pacer = new FetchPacer({ rules: profile.fetch, clock, circuit, ...(budget ? { budget } : {}) });
    this.submitTimer = new RequestTimer(profile.submit, clock);
    this.ladder = new DifficultyLadder(profile.difficulty);
  }

  fetchFailed(error: OrchestratorError): void {
    const before = this.lastFetch.kind === 'failed' ? this.lastFetch.failuresInARow : 0;
    this.lastFetch = { kind: 'failed', message: error.message, failuresInARow: before + 1 };
    this.pacer.failed(error);
  }
}

/**
 * The node whose task is begun next: among those that have one, the one that has used least of the machine by its
 * weight. A node that had nothing to do does not save up its share.
 */
export function takeFairly(nodes: readonly ProverNode[]): { node: ProverNode; record: TaskRecord } | null {
  const ready = nodes.filter((node) => node.tasks.length > 0);
  const node = ready.reduce<ProverNode | null>((least, each) => (least === null || each.used < least.used ? each : least), null);
  const record = node?.tasks.shift();
  if (!node || !record) return null;
  node.used += record.inputs.length / node.weight;
  for (const other of nodes) if (other.tasks.length === 0) other.used = Math.max(other.used, node.used);
  return { node, record };
}

import type { AgentState } from '@provefleet/fleet-protocol';
import type { FetchHold } from '@provefleet/scheduling';
import type { FetchResult } from '../pipeline/node.js';

/** All that the machine's state follows from. */
export interface Situation {
  readonly draining: boolean;
  readonly paused: boolean;
  readonly pauseNote: string;
  readonly approved: boolean;
  /** Why the network takes nothing from this version; null when it does. */
  readonly blocked: string | null;
  /** Why nothing can be written to disk; null when all is well. */
  readonly diskProblem: string | null;
  /** Why no worker can prove; null when one can. */
  readonly workerProblem: string | null;
  /** Why a proof waits for memory; null when none does. */
  readonly memoryProblem: string | null;
  readonly workersWanted: number;
  /** A proof is under way, or was a moment ago. */
  readonly proving: boolean;
  readonly nodes: readonly {
    readonly id: string;
    readonly hold: FetchHold;
    /** When it may fetch again, wall clock; null when that is not known. */
    readonly nextFetchAt: number | null;
    readonly lastFetch: FetchResult;
  }[];
}

export interface ShownState {
  readonly state: AgentState;
  readonly reason: string;
}

/** Failures in a row of all nodes' requests from which on the orchestrator counts as failing. */
const ORCHESTRATOR_FAILING = 3;

/** The one state shown of a machine, worst first, with what an operator should read beside it. */
export function stateOf(situation: Situation): ShownState {
  const { nodes } = situation;
  if (situation.diskProblem !== null) return { state: 'failing', reason: situation.diskProblem };
  if (situation.workerProblem !== null) return { state: 'failing', reason: `workers: ${situation.workerProblem}` };
  const orchestratorProblem = situation.proving || situation.paused || situation.draining ? null : orchestratorFailure(nodes);
  if (orchestratorProblem !== null) return { state: 'failing', reason: orchestratorProblem };
  if (situation.memoryProblem !== null) return { state: 'low-memory', reason: situation.memoryProblem };
  if (situation.blocked !== null) return { state: 'blocked', reason: situation.blocked };
  if (!situation.approved) return { state: 'blocked', reason: 'waits for an operator to approve this machine' };
  const throttledUntil = situation.proving || situation.paused || situation.draining ? null : throttle(nodes);
  if (throttledUntil !== null) return { state: 'throttled', reason: throttledUntil };
  if (situation.draining) return { state: 'draining', reason: 'finishes running proofs, then stops' };
  if (situation.paused) return { state: 'paused', reason: situation.pauseNote };
  if (situation.workersWanted === 0) return { state: 'paused', reason: 'the number of workers is set to 0' };
  if (situation.proving) return { state: 'proving', reason: '' };
  if (nodes.length > 0 && nodes.every(({ lastFetch }) => lastFetch.kind === 'no-task')) return { state: 'no-work', reason: 'the orchestrator has no task now' };
  return { state: 'idle', reason: '' };
}

function orchestratorFailure(nodes: Situation['nodes']): string | null {
  const failures = nodes.flatMap(({ lastFetch }) => (lastFetch.kind === 'failed' ? [lastFetch] : []));
  const first = failures[0];
  if (!first || failures.length < nodes.length) return null;
  const throttled = nodes.every(({ hold }) => hold === 'server');
  const serious = failures.every(({ failuresInARow }) => failuresInARow >= ORCHESTRATOR_FAILING);
  return serious && !throttled ? `orchestrator: ${first.message}` : null;
}

function throttle(nodes: Situation['nodes']): string | null {
  if (nodes.length === 0 || !nodes.every(({ hold }) => hold === 'server')) return null;
  const until = Math.min(...nodes.map(({ nextFetchAt }) => nextFetchAt ?? Infinity));
  return Number.isFinite(until) ? `the orchestrator asks to wait until ${new Date(until).toISOString()}` : 'the orchestrator asks to wait';
}

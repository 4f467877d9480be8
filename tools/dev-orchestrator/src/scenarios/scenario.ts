import type { WireTask } from '@provefleet/orchestrator-client';
import type { SeededRandom } from '../random.js';
import type { Answer } from '../wire-error.js';

/** Which call a request is. */
export type CallKind = 'register-user' | 'user' | 'register-node' | 'node' | 'assigned' | 'fetch' | 'submit' | 'version';

export interface WireRequest {
  readonly call: CallKind;
  /** The account of the asking node; null for calls without one. */
  readonly account: string | null;
}

/** What the orchestrator lets a scenario see and do. */
export interface ScenarioHost {
  /** Milliseconds since the epoch, before any skew. */
  now(): number;
  readonly random: SeededRandom;
}

/** Trouble while it is switched on. Each hook may be left out. */
export interface ScenarioRun {
  /** An answer here means the request is not even looked at. */
  before?(request: WireRequest): Answer | null;
  /** The request has taken effect; what comes back may still differ. */
  after?(request: WireRequest, answer: Answer): Answer;
  /** Changes a task on its way out. What the ledger holds stays as it was. */
  task?(task: WireTask): WireTask;
  /** True: hand out this node's newest task once more instead of a new one. */
  repeatTask?(): boolean;
  /** Time a task may take, in milliseconds. */
  deadlineMs?(): number;
  /** How far the orchestrator's clock is off, in milliseconds. */
  skewMs?(): number;
}

export type Params = Readonly<Record<string, number | string>>;

/** A kind of trouble: one file each, listed in `index.ts`. */
export interface Scenario {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Every parameter with its default; a number's default makes it a number. */
  readonly params: Params;
  create(host: ScenarioHost, params: Params): ScenarioRun;
}

/** The calls that `on` names: `fetch`, `submit` or `both`. */
export function chooses(on: number | string | undefined, call: CallKind): boolean {
  return on === 'both' ? call === 'fetch' || call === 'submit' : on === call;
}

/** A hook for requests of the chosen calls, a share of them drawn at random. */
export function share(host: ScenarioHost, params: Params): (request: WireRequest) => boolean {
  return ({ call }) => chooses(params['on'], call) && host.random.next() < Number(params['share']);
}

/** The parameters most scenarios share: which calls, and which share of them. */
export const SOME_CALLS = { on: 'both', share: 0.3 } as const;

import type { BackoffRules } from './backoff.js';
import type { CircuitRules } from './circuit-breaker.js';
import type { DifficultyRules } from './difficulty.js';
import type { RequestLimits } from './request-timer.js';
import type { ServerDelayRules, SubmitRules } from './retry-policy.js';

export interface FetchRules extends RequestLimits {
  /** Fetch when fewer tasks than this wait in the task queue. */
  readonly queueBelow: number;
  /** Most tasks asked for in one round; the interval lies between rounds. */
  readonly roundSize: number;
  /**
   * Ask for tasks the server has assigned already before asking for new ones: before each (servers of the 0.9 line), or
   * once at the start, which finds the task whose answer was on its way when the process died.
   */
  readonly assignedFirst: 'never' | 'at-start' | 'always';
  /** This many answers in a row without a task end a round. */
  readonly noTaskLimit: number;
  /** Tries of one request that fails, before the round is over. */
  readonly tries: number;
  /** After failures without a server's own delay. */
  readonly backoff: BackoffRules;
  /** After rounds that found no task; the interval holds too. */
  readonly idle: BackoffRules;
  readonly serverDelay: ServerDelayRules;
}

export interface SubmitTimingRules extends RequestLimits, SubmitRules {
  /** A finished proof is offered for this long when its task names no deadline, in milliseconds. */
  readonly lifetimeMs: number;
}

export interface QueueSizes {
  readonly tasks: number;
  readonly results: number;
  readonly events: number;
  readonly perWorker: number;
  readonly completedTasks: number;
}

/** Everything an agent's pace depends on. A profile is data: configuration may replace any part of it. */
export interface TimingProfile {
  readonly name: string;
  readonly fetch: FetchRules;
  readonly submit: SubmitTimingRules;
  readonly queues: QueueSizes;
  readonly difficulty: DifficultyRules;
  readonly circuit: CircuitRules;
  /** How often statistics are reported, in milliseconds. */
  readonly statsEveryMs: number;
  /** Anonymous mode: time between two proofs of (9,1,1), in milliseconds. */
  readonly anonymousEveryMs: number;
}

export const PROFILE_NAMES = ['local', 'nexus-0.9', 'nexus-0.10'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const queues: QueueSizes = { tasks: 100, results: 50, events: 100, perWorker: 8, completedTasks: 500 };
const difficulty: DifficultyRules = { start: 'SMALL_MEDIUM', stepUpUnderMs: 7 * MINUTE };
const nexusServerDelay: ServerDelayRules = { extraMs: 10 * SECOND, maxMs: 10 * MINUTE, serverErrorMs: 30 * SECOND };
const noIdleWait: BackoffRules = { baseMs: 0, factor: 1, maxMs: 0, jitter: 0 };

const nexusSubmit: SubmitTimingRules = {
  minIntervalMs: 100,
  maxPerWindow: 100,
  backoff: { baseMs: SECOND, factor: 2, maxMs: 5 * MINUTE, jitter: 0.2 },
  serverDelay: nexusServerDelay,
  lifetimeMs: DAY,
};
const nexusCircuit: CircuitRules = { failures: 5, open: { baseMs: 30 * SECOND, factor: 2, maxMs: 5 * MINUTE, jitter: 0.2 } };

/** The figures of the network's own clients (0.9 and 0.10 lines), and of a development orchestrator on the same machine. */
export const PROFILES: Readonly<Record<ProfileName, TimingProfile>> = {
  local: {
    name: 'local',
    fetch: {
      minIntervalMs: 0,
      maxPerWindow: null,
      queueBelow: 16,
      roundSize: 1,
      assignedFirst: 'at-start',
      noTaskLimit: 1,
      tries: 1,
      backoff: { baseMs: 100, factor: 2, maxMs: 2 * SECOND, jitter: 0.2 },
      idle: { baseMs: 100, factor: 2, maxMs: SECOND, jitter: 0.2 },
      serverDelay: { extraMs: 0, maxMs: MINUTE, serverErrorMs: 500 },
    },
    submit: {
      minIntervalMs: 0,
      maxPerWindow: null,
      backoff: { baseMs: 100, factor: 2, maxMs: 2 * SECOND, jitter: 0.2 },
      serverDelay: { extraMs: 0, maxMs: MINUTE, serverErrorMs: 500 },
      lifetimeMs: DAY,
    },
    queues,
    difficulty,
    circuit: { failures: 5, open: { baseMs: 500, factor: 2, maxMs: 2 * SECOND, jitter: 0.2 } },
    statsEveryMs: 30 * SECOND,
    anonymousEveryMs: 300,
  },
  'nexus-0.10': {
    name: 'nexus-0.10',
    fetch: {
      minIntervalMs: 120 * SECOND,
      maxPerWindow: 60,
      queueBelow: 1,
      roundSize: 1,
      assignedFirst: 'never',
      noTaskLimit: 1,
      tries: 2,
      backoff: { baseMs: SECOND, factor: 2, maxMs: 10 * MINUTE, jitter: 0.2 },
      idle: noIdleWait,
      serverDelay: nexusServerDelay,
    },
    submit: nexusSubmit,
    queues,
    difficulty,
    circuit: nexusCircuit,
    statsEveryMs: 30 * SECOND,
    anonymousEveryMs: 300,
  },
  'nexus-0.9': {
    name: 'nexus-0.9',
    fetch: {
      minIntervalMs: 30 * SECOND,
      maxPerWindow: null,
      queueBelow: 25,
      roundSize: 10,
      assignedFirst: 'always',
      noTaskLimit: 3,
      tries: 1,
      // The interval of 30 s, doubled at once.
      backoff: { baseMs: MINUTE, factor: 1, maxMs: MINUTE, jitter: 0.2 },
      idle: noIdleWait,
      serverDelay: nexusServerDelay,
    },
    submit: nexusSubmit,
    queues,
    difficulty,
    circuit: nexusCircuit,
    statsEveryMs: 30 * SECOND,
    anonymousEveryMs: 300,
  },
};

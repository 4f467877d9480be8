import { backoffDelay, type BackoffRules } from './backoff.js';

/** What a policy needs to know of a failed request; the client's OrchestratorError fits as it is. */
export interface RequestFailure {
  readonly code: string;
  readonly message: string;
  /** Set when the server answered with a status. */
  readonly status?: number;
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | null;
  /** The server's own error body, when it was one. */
  readonly body?: { readonly name: string; readonly message: string } | null;
  /** True when the request may have taken effect although no answer came. */
  readonly uncertain?: boolean;
}

export interface ServerDelayRules {
  /** Added to what the server asks, in milliseconds. */
  readonly extraMs: number;
  /** Longest wait for a server's sake, in milliseconds. */
  readonly maxMs: number;
  /** A status of 500 or more counts as a server asking for at least this, in milliseconds. */
  readonly serverErrorMs: number;
}

/** How long the server wants everybody to stay away, in milliseconds; null when it did not say. */
export function serverDelay(rules: ServerDelayRules, failure: RequestFailure): number | null {
  const asked = failure.retryAfterMs ?? null;
  const broken = (failure.status ?? 0) >= 500;
  if (asked === null && !broken) return null;
  const wish = broken ? Math.max(asked ?? 0, rules.serverErrorMs) : (asked ?? 0);
  return Math.min(rules.maxMs, wish + rules.extraMs);
}

/** True when the orchestrator itself seems to be down, so that asking at once for something else makes no sense. */
export function isOutage(failure: RequestFailure): boolean {
  return (failure.status ?? 0) >= 500 || failure.code === 'Network' || failure.code === 'Timeout' || failure.code === 'Undecodable';
}

export interface SubmitRules {
  readonly backoff: BackoffRules;
  readonly serverDelay: ServerDelayRules;
}

export interface SubmitAttempt {
  /** Attempts so far, the one that failed included; at least 1. */
  readonly attempts: number;
  /** True when an attempt before this one ended without an answer. */
  readonly earlierUncertain: boolean;
  /** Time left until the task's deadline, in milliseconds; null when it has none. */
  readonly remainingMs: number | null;
}

export type SubmitDecision =
  /** Send the same proof again after the delay. `everybody`: no other proof should go out before either. */
  | { readonly action: 'retry'; readonly delayMs: number; readonly everybody: boolean }
  /** The network has said no, and will say no again: keep the reason, let the proof go. */
  | { readonly action: 'refused'; readonly reason: string }
  /** An attempt whose answer got lost was accepted: this one was told of a conflict. */
  | { readonly action: 'accepted-before'; readonly reason: string }
  /** The deadline comes before the next attempt could. */
  | { readonly action: 'expired'; readonly reason: string };

/** Statuses that say the same of the same bytes each time. */
const FINAL = new Set([400, 404, 405, 409, 410, 411, 413, 414, 415, 422, 501]);
/** Statuses below 500 that pass: request timeout, too early, too many requests. */
const PASSING = new Set([408, 425, 429]);

/**
 * What becomes of a finished proof after a failed submit.
 *
 * 404, 409, 422 and their like are final. 429, 5xx, anything without an answer and anything undecodable wait and go
 * again: a proof is never given up for the network's trouble. Other statuses of the 400s (401, 403, 451 ...) are final
 * only when the orchestrator says so in its own error shape; without it a proxy on the way may have said them.
 */
export function decideSubmit(rules: SubmitRules, failure: RequestFailure, attempt: SubmitAttempt, random: number): SubmitDecision {
  const { status } = failure;
  if (status === 409 && attempt.earlierUncertain) return { action: 'accepted-before', reason: failure.message };
  if (status !== undefined && isFinal(status, failure)) return { action: 'refused', reason: failure.message };

  const asked = serverDelay(rules.serverDelay, failure);
  const delayMs = Math.max(asked ?? 0, backoffDelay(rules.backoff, attempt.attempts, random));
  if (attempt.remainingMs !== null && delayMs >= attempt.remainingMs) {
    return { action: 'expired', reason: `the task's deadline comes before the next attempt; last: ${failure.message}` };
  }
  return { action: 'retry', delayMs, everybody: asked !== null || status === 429 || isOutage(failure) };
}

function isFinal(status: number, failure: RequestFailure): boolean {
  if (FINAL.has(status)) return true;
  return status >= 400 && status < 500 && !PASSING.has(status) && (failure.body ?? null) !== null;
}

import { PROFILES } from './profiles.js';
import { decideSubmit, isOutage, type RequestFailure, type SubmitAttempt } from './retry-policy.js';

const rules = PROFILES['nexus-0.10'].submit;
const fresh: SubmitAttempt = { attempts: 1, earlierUncertain: false, remainingMs: null };
const status = (code: number, more: Partial<RequestFailure> = {}): RequestFailure => ({ code: 'HttpStatus', message: `status ${code}`, status: code, ...more });
const decide = (failure: RequestFailure, attempt: SubmitAttempt = fresh) => decideSubmit(rules, failure, attempt, 0);

test.each([400, 404, 405, 409, 410, 411, 413, 414, 415, 422, 501])('status %i is final, with its reason', (code) => {
  expect(decide(status(code))).toEqual({ action: 'refused', reason: `status ${code}` });
});

test.each([
  ['429 without a delay', status(429), 1_000],
  ['429 with one', status(429, { retryAfterMs: 20_000 }), 30_000],
  ['429 with a very long one', status(429, { retryAfterMs: 86_400_000 }), 600_000],
  ['500', status(500), 40_000],
  ['503 with a delay', status(503, { retryAfterMs: 60_000 }), 70_000],
  ['no connection', { code: 'Network', message: 'refused' }, 1_000],
  ['no answer', { code: 'Timeout', message: 'late', uncertain: true }, 1_000],
  ['a web page for an answer', { code: 'Undecodable', message: 'html' }, 1_000],
])('%s waits for everybody', (_name, failure, delayMs) => {
  expect(decide(failure)).toEqual({ action: 'retry', delayMs, everybody: true });
});

test.each([301, 408, 425])('status %i is tried again', (code) => {
  expect(decide(status(code))).toEqual({ action: 'retry', delayMs: 1_000, everybody: false });
});

test.each([401, 403, 451])('status %i is final from the orchestrator, not from a proxy on the way', (code) => {
  expect(decide(status(code, { body: { name: 'Forbidden', message: 'no' } }))).toMatchObject({ action: 'refused' });
  expect(decide(status(code, { body: null }))).toMatchObject({ action: 'retry' });
});

test('the wait grows with the attempts, up to five minutes', () => {
  const waits = [1, 2, 3, 4, 20].map((attempts) => decide({ code: 'Network', message: '' }, { ...fresh, attempts }));
  expect(waits).toMatchObject([1_000, 2_000, 4_000, 8_000, 300_000].map((delayMs) => ({ delayMs })));
});

test('a conflict after an attempt whose answer was lost means it had been accepted', () => {
  expect(decide(status(409), { ...fresh, attempts: 2, earlierUncertain: true })).toMatchObject({ action: 'accepted-before' });
});

test('a proof is given up when its deadline comes before the next attempt could', () => {
  expect(decide(status(429, { retryAfterMs: 20_000 }), { ...fresh, remainingMs: 30_000 })).toMatchObject({ action: 'expired' });
  expect(decide(status(429, { retryAfterMs: 20_000 }), { ...fresh, remainingMs: 30_001 })).toMatchObject({ action: 'retry' });
  expect(decide(status(404), { ...fresh, remainingMs: 0 })).toMatchObject({ action: 'refused' });
});

test('an outage is 5xx or no usable answer, not a refusal', () => {
  expect([status(500), { code: 'Network', message: '' }, { code: 'Timeout', message: '' }, status(404), status(429)].map(isOutage)).toEqual([true, true, true, false, false]);
});

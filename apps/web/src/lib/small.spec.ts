import { describe, expect, test } from '@jest/globals';
import { arrivals, arrivalStep } from './arrivals';
import { machine } from './fixtures';
import { type JoinForm, LIFETIMES, parseJoinForm } from './join-form';
import { joinCommand } from './join-command';
import { parseRange } from './ranges';
import { safeNext } from './safe-next';
import { stageProgress, usualStages } from './stages';

describe('the join form', () => {
  const form: JoinForm = { labels: '', uses: '1', lifetimeMs: 86_400_000, requireApproval: false };
  test('labels are trimmed and kept once', () => {
    expect(parseJoinForm({ ...form, labels: ' spot, batch 8,, spot ' }).body).toEqual({ labels: ['spot', 'batch 8'], uses: 1, lifetimeMs: 86_400_000, requireApproval: false });
  });
  test.each(['', '0', '10001', '1.5', 'many'])('%p uses are refused at their field', (uses) => {
    expect(parseJoinForm({ ...form, uses }).problem).toEqual({ field: 'uses', text: 'A whole number from 1 to 10,000' });
  });
  test('a label that is none is named', () => {
    expect(parseJoinForm({ ...form, labels: 'spot, <b>' }).problem).toMatchObject({ field: 'labels', text: expect.stringContaining('“<b>”') });
    expect(parseJoinForm({ ...form, labels: Array.from({ length: 21 }, (_, index) => `l${index}`).join(',') }).problem).toEqual({ field: 'labels', text: 'At most 20 labels' });
  });
  test('every lifetime offered is one the control plane takes', () => {
    for (const [lifetimeMs] of LIFETIMES) expect(parseJoinForm({ ...form, lifetimeMs }).problem).toBeUndefined();
  });
});

describe('after the sign-in', () => {
  test.each([['/machines?state=failing#x', '/machines?state=failing#x'], ['/', '/']])('%p is a page here', (next, to) => expect(safeNext(next)).toBe(to));
  test.each([null, '', 'https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', '/%09//x\t', 'javascript:alert(1)', '/login', '/login?next=/login'])('%p leads home or stays here', (next) => {
    const to = safeNext(next);
    expect(new URL(to, 'http://dashboard.example').host).toBe('dashboard.example');
    expect(to.startsWith('/login')).toBe(false);
  });
});

describe('arriving machines', () => {
  const DAY = 86_400_000;
  test('are those that wait or joined within a day, newest first', () => {
    const now = 10 * DAY;
    const list = [machine({ name: 'old', joinedAt: 0 }), machine({ name: 'waits', joinedAt: 0, state: 'pending' }), machine({ name: 'new', joinedAt: now - 5 })];
    expect(arrivals(list, now).map((entry) => entry.name)).toEqual(['new', 'waits']);
  });
  test('show how far they are', () => {
    expect(arrivalStep(machine({ state: 'pending', lastSeenAt: null }))).toEqual({ done: 1, bad: false });
    expect(arrivalStep(machine({ state: 'offline', lastSeenAt: null }))).toEqual({ done: 2, bad: false });
    expect(arrivalStep(machine({ state: 'offline', lastSeenAt: 1 }))).toEqual({ done: 2, bad: true });
    expect(arrivalStep(machine({ state: 'idle' }))).toEqual({ done: 3, bad: false });
    expect(arrivalStep(machine({ state: 'failing' }))).toEqual({ done: 3, bad: true });
    expect(arrivalStep(machine())).toEqual({ done: 4, bad: false });
  });
});

describe('stages of a proof', () => {
  const proof = (trace: number, commit: number) => ({ program: 'x', stages: [{ stage: 'trace', milliseconds: trace }, { stage: 'commit', milliseconds: commit }] });
  test('have their usual shares', () => {
    expect(usualStages([proof(1, 3), { program: 'x', stages: [] }, proof(3, 1)])).toEqual([{ stage: 'trace', share: 0.5 }, { stage: 'commit', share: 0.5 }]);
    expect(usualStages([])).toEqual([]);
    expect(usualStages([proof(0, 0)])).toEqual([]);
  });
  test('are over, running or to come', () => {
    const stages = usualStages([proof(1, 3)]);
    expect(stageProgress(stages, 'commit')).toEqual([{ stage: 'trace', step: 'done' }, { stage: 'commit', step: 'now' }]);
    expect(stageProgress(stages, 'fold')).toBeNull();
    expect(stageProgress(stages, null)).toBeNull();
  });
});

test('a range from the address is a known one', () => {
  expect(parseRange('7d')).toBe('7d');
  expect(parseRange('100y')).toBe('1h');
  expect(parseRange('toString')).toBe('1h');
  expect(parseRange(null)).toBe('1h');
  expect(parseRange(null, '15m')).toBe('15m');
  expect(parseRange('6h', '15m')).toBe('6h');
});

test('the line to paste allows plain http only where there is no other way', () => {
  expect(joinCommand('https://fleet.example', 'pf_x')).toBe('provefleet-agent join https://fleet.example --token pf_x');
  expect(joinCommand('http://localhost:4000', 'pf_x')).toBe('provefleet-agent join http://localhost:4000 --token pf_x');
  expect(joinCommand('http://[::1]:4000', 'pf_x')).toBe('provefleet-agent join http://[::1]:4000 --token pf_x');
  expect(joinCommand('http://192.168.1.5:4000', 'pf_x')).toBe('provefleet-agent join http://192.168.1.5:4000 --token pf_x --allow-insecure');
  expect(joinCommand('http://localhost.example', 'pf_x')).toContain('--allow-insecure');
});

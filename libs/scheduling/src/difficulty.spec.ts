import { DIFFICULTIES, DifficultyLadder, type Difficulty } from './difficulty.js';

const MINUTE = 60_000;
const rules = { start: 'SMALL_MEDIUM', stepUpUnderMs: 7 * MINUTE } as const;

test('starts at SMALL_MEDIUM and climbs one step after each task done in under 7 minutes', () => {
  const ladder = new DifficultyLadder(rules);
  const seen: Difficulty[] = [];
  for (let i = 0; i < 10; i++) {
    seen.push(ladder.requested);
    ladder.succeeded(ladder.requested, MINUTE);
  }
  expect(seen).toEqual([...DIFFICULTIES.slice(1), 'EXTRA_LARGE_5', 'EXTRA_LARGE_5']);
});

test('a task that took 7 minutes or longer changes nothing', () => {
  const ladder = new DifficultyLadder(rules);
  ladder.succeeded('SMALL_MEDIUM', 7 * MINUTE);
  expect(ladder.requested).toBe('SMALL_MEDIUM');
});

test('a quick task easier than asked for says nothing', () => {
  const ladder = new DifficultyLadder(rules);
  ladder.succeeded('SMALL', 10);
  expect(ladder.requested).toBe('SMALL_MEDIUM');
});

test.each(['failed', 'out-of-memory', 'deadline'] as const)('%s: one step down, and twice as many quick tasks before trying again, each time', (why) => {
  const ladder = new DifficultyLadder(rules);
  ladder.succeeded('SMALL_MEDIUM', MINUTE);
  for (const needed of [2, 4, 8, 16, 32, 64, 64]) {
    expect(ladder.requested).toBe('MEDIUM');
    ladder.setBack('MEDIUM', why);
    for (let i = 0; i < needed; i++) {
      expect(ladder.requested).toBe('SMALL_MEDIUM');
      ladder.succeeded('SMALL_MEDIUM', MINUTE);
    }
  }
  expect(ladder.requested).toBe('MEDIUM');
  ladder.succeeded('MEDIUM', MINUTE);
  expect(ladder.requested).toBe('LARGE');
});

test('a setback on something harder than asked for goes below what failed, never up', () => {
  const ladder = new DifficultyLadder(rules);
  ladder.setBack('EXTRA_LARGE', 'out-of-memory');
  expect(ladder.requested).toBe('SMALL_MEDIUM');
  ladder.setBack('SMALL', 'out-of-memory');
  expect(ladder.requested).toBe('SMALL');
});

test('a maximum is never passed, a fixed difficulty never left', () => {
  const capped = new DifficultyLadder({ ...rules, max: 'MEDIUM' });
  for (let i = 0; i < 5; i++) capped.succeeded(capped.requested, 1);
  expect(capped.requested).toBe('MEDIUM');
  expect(new DifficultyLadder({ ...rules, max: 'SMALL' }).requested).toBe('SMALL');
  const fixed = new DifficultyLadder({ ...rules, fixed: 'LARGE' });
  fixed.succeeded('LARGE', 1);
  fixed.setBack('LARGE', 'failed');
  expect(fixed.requested).toBe('LARGE');
});

test('what the server gave instead is on record', () => {
  const ladder = new DifficultyLadder(rules);
  expect(ladder.state.last).toBeNull();
  ladder.granted('SMALL_MEDIUM');
  ladder.granted('LARGE');
  expect(ladder.state).toEqual({ requested: 'SMALL_MEDIUM', last: { requested: 'SMALL_MEDIUM', granted: 'LARGE' }, overridden: 1 });
});

import { describe, expect, test } from '@jest/globals';
import { MACHINE_STATES } from '@provefleet/fleet-protocol';
import { ICON_SHAPES } from './icon-shapes';
import { groupHeading, groupNames, isProblem, STATE_LOOKS, toneClass, verdictOf } from './states';

describe('states', () => {
  test('every state has a word, a shape and a tone, and no two share word or shape', () => {
    const looks = MACHINE_STATES.map((state) => STATE_LOOKS[state]);
    expect(looks.every((look) => look.icon in ICON_SHAPES)).toBe(true);
    expect(new Set(looks.map((look) => look.word)).size).toBe(MACHINE_STATES.length);
    expect(new Set(looks.map((look) => look.icon)).size).toBe(MACHINE_STATES.length);
    expect(new Set(looks.map((look) => look.tone)).size).toBe(MACHINE_STATES.length);
  });
  test('what nobody has to act on is no problem', () => {
    expect(MACHINE_STATES.filter(isProblem)).toEqual(['failing', 'low-memory', 'offline', 'blocked']);
  });
  test('a tone of a state and a plain one', () => {
    expect(toneClass('s-failing')).toBe('tone s-failing');
    expect(toneClass('t-crit')).toBe('t-crit');
  });
});

describe('groups by cause', () => {
  test('one machine is named, several are counted', () => {
    expect(groupHeading({ state: 'low-memory', machines: 1, names: ['rig-b'] })).toBe('rig-b low on memory');
    expect(groupHeading({ state: 'failing', machines: 1700, names: ['a'] })).toBe('1,700 machines failing');
    expect(groupNames({ machines: 1, names: ['rig-b'] })).toBe('');
    expect(groupNames({ machines: 14, names: ['a', 'b', 'c'] })).toBe('a, b, c and 11 more');
    expect(groupNames({ machines: 2, names: ['a', 'b'] })).toBe('a, b');
  });
});

describe('the verdict', () => {
  const group = (state: (typeof MACHINE_STATES)[number], machines: number, since: number) => ({ state, machines, since, lostPerMinute: machines * 2 });
  test('counts only machines that prove, and only what is wrong', () => {
    expect(verdictOf({ machines: 10, byState: { proving: 5, idle: 1, failing: 2, offline: 1, throttled: 1 }, problems: [group('offline', 1, 50), group('failing', 2, 90), group('throttled', 1, 10)] })).toEqual({
      proving: 5, machines: 10, problems: 2, affected: 3, since: 50, lostPerMinute: 6, worst: 'failing', resting: '1 throttled, 1 idle',
    });
  });
  test('without problems all is well', () => {
    expect(verdictOf({ machines: 3, byState: { proving: 3 }, problems: [] })).toEqual({ proving: 3, machines: 3, problems: 0, affected: 0, since: null, lostPerMinute: 0, worst: 'proving', resting: '' });
  });
  test('nothing wrong but not all prove: it says what they do, and is not green', () => {
    expect(verdictOf({ machines: 3, byState: { proving: 1, paused: 1, 'no-work': 1 }, problems: [] })).toMatchObject({ problems: 0, worst: 'idle', resting: '1 paused, 1 without work' });
  });
});

import { describe, expect, test } from '@jest/globals';
import { changeAgainst, largest, lastKnown, lineMarks, niceDurationMarks, niceMarks, smallest, spacedLabels, sparkPath, timeMarks, toBars, toColumns, unknownSpans } from './series';

const STEPS = { from: 0, to: 40_000, stepMs: 10_000 };

describe('columns for the charts', () => {
  test('points stand in the middle of their steps, in seconds; unknown stays unknown', () => {
    expect(toColumns(STEPS, [[1, null, 3, 4], [5, 6, 7, null]])).toEqual([[5, 15, 25, 35], [1, null, 3, 4], [5, 6, 7, null]]);
  });
  test('no point lies past the end', () => {
    expect(toColumns({ from: 0, to: 32_000, stepMs: 10_000 }, [[1, 2, 3, 4]])[0]).toEqual([5, 15, 25, 32]);
  });
  test('lines of different lengths are refused', () => {
    expect(() => toColumns(STEPS, [[1, 2], [1]])).toThrow('a line has 1 points where the first has 2');
  });
  test('the newest known value, and none', () => {
    expect(lastKnown([1, 2, null])).toEqual({ value: 2, index: 1 });
    expect(lastKnown([null, null])).toBeNull();
    expect(lastKnown([0])).toEqual({ value: 0, index: 0 });
  });
  test('extremes leave out what is unknown', () => {
    expect(largest([[null, 2], [5, null]])).toBe(5);
    expect(smallest([[null, 2], [5, null]])).toBe(2);
    expect(largest([[null]])).toBe(0);
    expect(smallest([[null]])).toBe(0);
  });
});

describe('axis marks', () => {
  test.each([
    [0, [0, 1]], [2.2, [0, 1, 2, 3]], [1, [0, 0.5, 1]], [4.9, [0, 2, 4, 6]], [5208, [0, 2000, 4000, 6000]], [0.03, [0, 0.01, 0.02, 0.03]],
  ])('up to %d: %j', (max, marks) => {
    expect(niceMarks(max, 3)).toEqual(marks);
  });
  test('every axis reaches its largest value with few marks', () => {
    for (let max = 0.001; max < 1e7; max *= 1.37) {
      for (const marks of [niceMarks(max, 3), niceDurationMarks(max, 3), lineMarks(max * 0.9, max)]) {
        expect(marks.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-9));
        expect(marks.length).toBeLessThanOrEqual(6);
        expect(marks.length).toBeGreaterThanOrEqual(2);
      }
    }
  });
  test('durations fall on whole seconds and minutes', () => {
    expect(niceDurationMarks(237_000, 3)).toEqual([0, 120_000, 240_000]);
    expect(niceDurationMarks(1.4, 3)).toEqual([0, 0.5, 1, 1.5]);
  });
  test('a line that stays high begins its axis below it, one that falls low at zero', () => {
    expect(lineMarks(3500, 5208)).toEqual([3000, 4000, 5000, 6000]);
    expect(lineMarks(100, 5208)[0]).toBe(0);
    expect(lineMarks(0, 0)).toEqual([0, 1]);
    for (let min = 1; min < 1e6; min *= 1.7) {
      const marks = lineMarks(min, min * 1.2);
      expect(marks[0]).toBeLessThanOrEqual(min);
      expect(marks[0]).toBeGreaterThanOrEqual(0);
    }
  });
  test('labels of revisions close to each other do not overlap: the newest keeps its own', () => {
    const marks = [90, 85, 40, 30].map((at) => ({ at, label: `r${at}` }));
    expect(spacedLabels(marks, 20).map((mark) => mark.label)).toEqual(['r90', '', 'r40', '']);
  });
  test('times are round, inside, and leave room for "now"', () => {
    const from = Date.UTC(2026, 10, 24, 2, 14);
    const to = from + 3_600_000;
    expect(timeMarks(from, to, 4).map((at) => new Date(at).toISOString().slice(11, 16))).toEqual(['02:15', '02:30', '02:45', '03:00']);
    for (const span of [900_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000]) {
      const marks = timeMarks(to - span, to, 6);
      expect(marks.length).toBeGreaterThanOrEqual(2);
      expect(marks.length).toBeLessThanOrEqual(7);
      expect(marks.every((at) => at >= to - span && at < to - span / 8)).toBe(true);
    }
  });
});

describe('unknown stretches', () => {
  test('a gap in the middle is marked where it lies', () => {
    expect(unknownSpans(STEPS, [[1, null, 3, 4]])).toEqual([{ from: 0.25, to: 0.5 }]);
  });
  test('known in one line is known', () => {
    expect(unknownSpans(STEPS, [[1, null, 3, 4], [1, 2, 3, 4]])).toEqual([]);
  });
  test('neighbouring steps are one stretch', () => {
    expect(unknownSpans(STEPS, [[null, null, 3, 4]])).toEqual([{ from: 0, to: 0.5 }]);
  });
  test('the last two steps not yet reported are the present, more of them a gap', () => {
    expect(unknownSpans(STEPS, [[1, 2, null, null]])).toEqual([]);
    expect(unknownSpans(STEPS, [[1, null, null, null]])).toEqual([{ from: 0.25, to: 1 }]);
  });
  test('old data: what lies between its end and now is unknown', () => {
    expect(unknownSpans(STEPS, [[1, 2, 3, 4]], 80_000)).toEqual([{ from: 0.5, to: 1 }]);
  });
  test('without any data all of it is', () => {
    expect(unknownSpans(STEPS, [[]])).toEqual([{ from: 0, to: 1 }]);
  });
});

describe('small pictures', () => {
  test('a sparkline lifts its pen over unknown points', () => {
    expect(sparkPath([0, 1, null, 1], 30, 22, 1)).toBe('M0.0 21.0L10.0 1.0M30.0 1.0');
  });
  test('without a largest value the line lies on the ground', () => {
    expect(sparkPath([0, 0], 10, 22, 0)).toBe('M0.0 21.0L10.0 21.0');
    expect(sparkPath([], 10, 22, 1)).toBe('');
  });
  test('bars sum their neighbours and lose nothing', () => {
    expect(toBars([1, 2, null, 4, 5], 3)).toEqual([3, 4, 5]);
    expect(toBars([], 3)).toEqual([]);
  });
  test('a change needs both figures', () => {
    expect(changeAgainst(110, 100)).toBeCloseTo(0.1);
    expect(changeAgainst(110, 0)).toBeNull();
    expect(changeAgainst(null, 100)).toBeNull();
  });
});

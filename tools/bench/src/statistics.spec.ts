import { describe, expect, it } from '@jest/globals';
import { median, ratios, spread } from './statistics.js';

describe('statistics', () => {
  it('takes the middle value, or the mean of the two middle ones, in any order', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([10, 2, 4, 1])).toBe(3);
    expect(median([7])).toBe(7);
    expect(() => median([])).toThrow(RangeError);
  });

  it('does not sort the caller’s list', () => {
    const values = [3, 1, 2];
    spread(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('compares round by round, not median by median', () => {
    expect(ratios([2, 40, 6], [1, 10, 4])).toEqual({ min: 1.5, median: 2, max: 4 });
    expect(() => ratios([1], [1, 2])).toThrow('1 rounds against 2');
  });
});

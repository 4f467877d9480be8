import { describe, expect, test } from '@jest/globals';
import { fingerprint, formatAgo, formatBytes, formatClock, formatCount, formatDay, formatDuration, formatElapsed, formatLoss, formatMoment, formatRate, formatShare, formatTime, plural, shortId } from './format';

const NOW = Date.UTC(2026, 10, 24, 3, 14, 7);
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

describe('figures', () => {
  test.each([[0, '0'], [1204, '1,204'], [999_999, '999,999'], [7_010_000, '7.01 M'], [1_200_000_000, '1.20 G']])('count %d is %s', (value, text) => {
    expect(formatCount(value)).toBe(text);
  });

  test.each([[0, '0.0'], [1.34, '1.3'], [9.94, '9.9'], [9.96, '10'], [4872.4, '4,872'], [null, '–']])('rate %p is %s', (value, text) => {
    expect(formatRate(value)).toBe(text);
  });

  test('a loss has a real minus, and no loss has none', () => {
    expect(formatLoss(37)).toBe('−37');
    expect(formatLoss(1500)).toBe('−1,500');
    expect(formatLoss(0.01)).toBe('0');
  });

  test.each([
    [0.9929, 2, '99.29 %'], [0.5, 0, '50 %'], [1, 2, '100 %'], [0, 2, '0 %'], [null, 1, '–'],
    // Never rounded to what it is not.
    [0.99999, 2, '99.99 %'], [0.9999, 0, '99 %'], [0.00001, 2, '0.01 %'], [0.001, 0, '1 %'],
  ])('share %p with %d decimals is %s', (share, decimals, text) => {
    expect(formatShare(share, decimals)).toBe(text);
  });

  test.each([
    [0.42, '0.4 ms'], [1.1, '1.1 ms'], [9.96, '10 ms'], [212.3, '212 ms'], [999.7, '1.0 s'], [4_400, '4.4 s'], [9_960, '10 s'], [47_000, '47 s'],
    [59_700, '1 min 00 s'], [108_000, '1 min 48 s'], [185_000, '3 min 05 s'], [HOUR + 4 * MINUTE, '1 h 04 min'], [11 * DAY + 4 * HOUR, '11 d 4 h'], [null, '–'],
  ])('duration %p ms is %s', (value, text) => {
    expect(formatDuration(value)).toBe(text);
  });

  test.each([[108_000, '1:48'], [59_700, '1:00'], [47_000, '47 s'], [1.1, '1.1 ms'], [HOUR, '1 h 00 min'], [null, '–']])('%p ms in short is %s', (value, text) => {
    expect(formatClock(value)).toBe(text);
  });

  test.each([[-5, '0 s'], [40_900, '40 s'], [43 * MINUTE + 59_000, '43 min'], [HOUR + 27 * MINUTE, '1 h 27 min'], [3 * HOUR, '3 h 00 min'], [2 * DAY, '2 d'], [2 * DAY + HOUR, '2 d 1 h']])('%d ms lasted %s', (value, text) => {
    expect(formatElapsed(value)).toBe(text);
  });

  test.each([[null, 'never'], [NOW + 5_000, 'now'], [NOW - 900, 'now'], [NOW - 2_000, '2 s ago'], [NOW - 2 * MINUTE, '2 min ago'], [NOW - HOUR, '1 h ago'], [NOW - 3 * DAY, '3 d ago']])('%p was %s', (at, text) => {
    expect(formatAgo(at, NOW)).toBe(text);
  });

  test.each([[0, '0 B'], [812, '812 B'], [5_837, '5.7 KiB'], [64 * 2 ** 30, '64 GiB'], [1_023.7 * 2 ** 20, '1.0 GiB'], [null, '–']])('%p bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('times are UTC and as short as they stay clear', () => {
  test('today, another day, another year', () => {
    expect(formatMoment(Date.UTC(2026, 10, 24, 2, 10), NOW)).toBe('02:10');
    expect(formatMoment(Date.UTC(2026, 10, 24, 2, 10, 9), NOW, true)).toBe('02:10:09');
    expect(formatMoment(Date.UTC(2026, 10, 23, 23, 59), NOW)).toBe('23 Nov 23:59');
    expect(formatMoment(Date.UTC(2025, 11, 31, 23, 59), NOW)).toBe('31 Dec 2025 23:59');
    expect(formatTime(NOW, true)).toBe('03:14:07');
    expect(formatDay(NOW, NOW)).toBe('24 Nov');
  });
});

describe('names and identifiers', () => {
  test('one and many', () => {
    expect(plural(1, 'machine')).toBe('1 machine');
    expect(plural(2431, 'machine')).toBe('2,431 machines');
    expect(plural(0, 'machine')).toBe('0 machines');
  });
  test('a long identifier keeps both ends, a short one all of it', () => {
    expect(shortId('8f3a01020304c21')).toBe('8f3a…c21');
    expect(shortId('36104882')).toBe('36104882');
  });
  test('a key is compared by its first bytes', () => {
    expect(fingerprint('4d1c90ee' + '00'.repeat(28))).toBe('4d:1c:90:ee');
  });
});

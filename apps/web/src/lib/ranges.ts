import { type Range, RANGES } from '@provefleet/fleet-protocol';

/** How a range reads on its button and in a sentence. */
const TEXTS: Readonly<Record<Range, readonly [short: string, sentence: string]>> = {
  '15m': ['15 min', 'last 15 minutes'],
  '1h': ['1 h', 'last hour'],
  '6h': ['6 h', 'last 6 hours'],
  '24h': ['24 h', 'last 24 hours'],
  '7d': ['7 d', 'last 7 days'],
};

export const rangeText = (range: Range): string => TEXTS[range][0];
export const rangeSentence = (range: Range): string => TEXTS[range][1];
export const RANGE_OPTIONS: readonly (readonly [Range, string])[] = (Object.keys(RANGES) as Range[]).map((range) => [range, rangeText(range)]);

/** A range from the address; what it does not know is the usual one. */
export const parseRange = (text: string | null, usual: Range = '1h'): Range => (text !== null && Object.hasOwn(RANGES, text) ? (text as Range) : usual);

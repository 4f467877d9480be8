import { describe, expect, it } from '@jest/globals';
import { merge } from './desired-state.service.js';

const running = { workers: 4, paused: false, pauseNote: '' } as const;

describe('a change of the desired document', () => {
  it.each([
    [{ workers: 2 }, { workers: 2, paused: false, pauseNote: '' }],
    [{ workers: 0 }, { workers: 0, paused: false, pauseNote: '' }],
    [{ workers: 'auto' as const }, { workers: 'auto', paused: false, pauseNote: '' }],
    [{ paused: true, pauseNote: 'new fan' }, { workers: 4, paused: true, pauseNote: 'new fan' }],
    [{}, running],
    [{ pauseNote: 'why, it runs' }, running],
  ])('keeps what it does not name: %j', (change, expected) => {
    expect(merge(running, { reason: '', ...change })).toEqual(expected);
  });

  it('drops the note when the machine runs again', () => {
    expect(merge({ workers: 4, paused: true, pauseNote: 'new fan' }, { reason: '', paused: false })).toEqual(running);
  });
});

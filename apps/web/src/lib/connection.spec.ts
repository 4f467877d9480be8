import { describe, expect, test } from '@jest/globals';
import { type Connection, type ConnectionEvent, firstConnection, nextConnection } from './connection';

const play = (start: Connection, ...events: [ConnectionEvent, number][]): Connection => events.reduce((connection, [event, at]) => nextConnection(connection, event, at), start);
const lost: ConnectionEvent = { type: 'lost', retryAt: 9_999 };

describe('whether the page can be believed', () => {
  test('live from the first word of the socket', () => {
    expect(play(firstConnection(0, true), [{ type: 'ready' }, 100])).toEqual({ status: 'live', since: 100, failures: 0, asOf: 100, retryAt: null });
  });
  test('a lost socket alone is no outage: the page is read over HTTP', () => {
    expect(play(firstConnection(0, true), [{ type: 'ready' }, 100], [lost, 200], [{ type: 'probed' }, 300])).toMatchObject({ status: 'polling', since: 300, asOf: 300, retryAt: 9_999 });
  });
  test('one failed probe is a hiccup, the second one an outage that counts from the last word', () => {
    const once = play(firstConnection(0, true), [{ type: 'ready' }, 100], [lost, 200], [{ type: 'probe-failed' }, 300]);
    expect(once.status).toBe('connecting');
    expect(play(once, [{ type: 'probe-failed' }, 2_300])).toMatchObject({ status: 'offline', since: 200, asOf: 200 });
  });
  test('during an outage the time of the last word stands', () => {
    const offline = play(firstConnection(0, true), [{ type: 'ready' }, 100], [lost, 200], [{ type: 'probe-failed' }, 300], [{ type: 'probe-failed' }, 400], [lost, 5_000], [{ type: 'probe-failed' }, 6_000]);
    expect(offline).toMatchObject({ status: 'offline', since: 200, asOf: 200 });
  });
  test('an answer over HTTP ends it, the socket makes it live again', () => {
    const offline = play(firstConnection(0, false), [{ type: 'probe-failed' }, 100]);
    expect(offline).toMatchObject({ status: 'offline', asOf: 0 });
    const back = play(offline, [{ type: 'probed' }, 500]);
    expect(back).toMatchObject({ status: 'polling', since: 500, failures: 0 });
    expect(play(back, [{ type: 'ready' }, 600])).toMatchObject({ status: 'live', since: 600 });
  });
  test('a probe that comes back late does not undo a live socket', () => {
    const live = play(firstConnection(0, true), [{ type: 'ready' }, 100]);
    expect(nextConnection(live, { type: 'probe-failed' }, 200)).toBe(live);
    expect(nextConnection(live, { type: 'probed' }, 200)).toBe(live);
  });
  test('a silent control plane behind a standing socket is found out by a request that goes unanswered', () => {
    const suspected = play(firstConnection(0, true), [{ type: 'ready' }, 100], [{ type: 'heard' }, 5_000], [{ type: 'suspected' }, 20_000]);
    expect(suspected).toMatchObject({ status: 'connecting', asOf: 5_000 });
    expect(play(suspected, [{ type: 'probe-failed' }, 24_000], [{ type: 'probe-failed' }, 26_000])).toMatchObject({ status: 'offline', since: 5_000, asOf: 5_000 });
    expect(play(suspected, [{ type: 'ready' }, 20_100])).toMatchObject({ status: 'live' });
    const polling = play(firstConnection(0, true), [{ type: 'probed' }, 100]);
    expect(nextConnection(polling, { type: 'suspected' }, 200)).toBe(polling);
  });
  test('frames move the last word on, at most once a second', () => {
    const live = play(firstConnection(0, true), [{ type: 'ready' }, 100]);
    expect(nextConnection(live, { type: 'heard' }, 900)).toBe(live);
    expect(nextConnection(live, { type: 'heard' }, 1_200).asOf).toBe(1_200);
  });
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CLOSE_CODES, MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';
import { machine } from '../lib/fixtures';
import { LiveSocket, type LiveSocketEvents, retryDelay } from './live-socket';

/** A browser's socket, as far as LiveSocket uses it. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: unknown[] = [];
  closed = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  says(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }
  ready(): void {
    this.readyState = 1;
    this.says({ type: 'ready', serverTime: 1_000 });
  }
  ends(code = 1006): void {
    this.onclose?.({ code });
  }
}

const events = { onReady: jest.fn<LiveSocketEvents['onReady']>(), onFrame: jest.fn<LiveSocketEvents['onFrame']>(), onLost: jest.fn<LiveSocketEvents['onLost']>(), onSignedOut: jest.fn<LiveSocketEvents['onSignedOut']>() };
const warn = jest.fn();
let live: LiveSocket;

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0);
  jest.spyOn(console, 'warn').mockImplementation(warn);
  for (const spy of [...Object.values(events), warn]) spy.mockClear();
  FakeSocket.all = [];
  Object.assign(globalThis, { WebSocket: FakeSocket, window: { location: { protocol: 'https:', host: 'fleet.example' } } });
  live = new LiveSocket(events);
  live.connect();
});
afterEach(() => {
  live.stop();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('the live connection', () => {
  test('goes where the page came from, encrypted when the page is', () => {
    expect(FakeSocket.last.url).toBe('wss://fleet.example/api/v1/live');
    FakeSocket.last.ready();
    expect(events.onReady).toHaveBeenCalledWith(1_000);
  });

  test('hands on what the protocol knows', () => {
    FakeSocket.last.ready();
    FakeSocket.last.says({ type: 'resync', reason: 'away too long' });
    FakeSocket.last.says({ type: 'machines', items: [machine()], byState: Object.fromEntries(['failing', 'low-memory', 'offline', 'blocked', 'throttled', 'pending', 'draining', 'paused', 'idle', 'no-work', 'proving'].map((state) => [state, 0])) });
    expect(events.onFrame.mock.calls.map(([seen]) => seen.type)).toEqual(['resync', 'machines']);
  });

  test('leaves out what it does not know, and goes on', () => {
    FakeSocket.last.ready();
    FakeSocket.last.says({ type: 'fireworks' });
    FakeSocket.last.says({ type: 'machines', items: [{ id: 'not one' }], byState: {} });
    FakeSocket.last.says({ type: 'resync', reason: '' });
    expect(events.onFrame).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledTimes(2);
    expect(FakeSocket.last.closed).toBe(false);
  });

  test.each([['not JSON', '{"type":'], ['far too large', 'x'.repeat(MAX_FRAME_BYTES * 16 + 1)]])('closes on a frame that is %s, and connects again', (_, text) => {
    FakeSocket.last.ready();
    const [first] = FakeSocket.all;
    FakeSocket.last.says(text);
    expect(first?.closed).toBe(true);
    expect(events.onLost).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  test('waits longer after each failure, and briefly again after success', () => {
    const waits: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      const before = Date.now();
      FakeSocket.last.ends();
      const retryAt = events.onLost.mock.calls.at(-1)?.[0] ?? 0;
      waits.push(retryAt - before);
      jest.advanceTimersByTime(retryAt - before);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(FakeSocket.all).toHaveLength(8);
    FakeSocket.last.ready();
    FakeSocket.last.ends();
    expect((events.onLost.mock.calls.at(-1)?.[0] ?? 0) - Date.now()).toBe(1_000);
  });

  test('does not wait for ever for a server that takes the connection and says nothing', () => {
    const [first] = FakeSocket.all;
    jest.advanceTimersByTime(10_000);
    expect(first?.closed).toBe(true);
    expect(events.onLost).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(1_000);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last.ready();
    jest.advanceTimersByTime(600_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  test('spreads browsers by up to half of the wait', () => {
    expect([retryDelay(0, 0), retryDelay(0, 1), retryDelay(99, 1)]).toEqual([1_000, 1_500, 45_000]);
  });

  test('asks for the watched machine again after a reconnect', () => {
    FakeSocket.last.ready();
    live.watch('m-1');
    expect(FakeSocket.last.sent).toEqual([{ type: 'watch', machineId: 'm-1' }]);
    FakeSocket.last.ends();
    jest.advanceTimersByTime(1_000);
    FakeSocket.last.ready();
    expect(FakeSocket.all).toHaveLength(2);
    expect(FakeSocket.last.sent).toEqual([{ type: 'watch', machineId: 'm-1' }]);
  });

  test('a watch asked for before the connection stands is sent when it does', () => {
    live.watch('m-1');
    expect(FakeSocket.last.sent).toEqual([]);
    FakeSocket.last.ready();
    expect(FakeSocket.last.sent).toEqual([{ type: 'watch', machineId: 'm-1' }]);
  });

  test('says when the session has ended', () => {
    FakeSocket.last.ready();
    FakeSocket.last.ends(CLOSE_CODES.unauthenticated);
    expect(events.onSignedOut).toHaveBeenCalledTimes(1);
    FakeSocket.last.ends(1006);
    expect(events.onSignedOut).toHaveBeenCalledTimes(1);
  });

  test('a dropped connection has no say any more', () => {
    FakeSocket.last.ready();
    const [old] = FakeSocket.all;
    live.connect();
    old?.says({ type: 'resync', reason: '' });
    old?.ends();
    expect(events.onFrame).not.toHaveBeenCalled();
    expect(events.onLost).not.toHaveBeenCalled();
  });

  test('stopped, it stays so', () => {
    live.stop();
    jest.advanceTimersByTime(120_000);
    live.connect();
    expect(FakeSocket.all).toHaveLength(1);
    expect(FakeSocket.last.closed).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import { CLOSE_CODES, parseAgentFrame, type AgentFrame, type ServerFrame } from '@provefleet/fleet-protocol';
import { Fleet } from './fleet.js';
import { makeIdentity } from './identity.js';
import { SimulatedMachine, type Clock, type Socket } from './machine.js';
import { Tally } from './tally.js';

const MACHINE_ID = '0b9ff0a3-6ad5-4f0c-9b0a-0f4e62a3c1aa';
const DOCUMENT = { workers: 'auto', paused: false, pauseNote: '' } as const;

class FakeClock implements Clock {
  private at = 0;
  private timers: { due: number; call: () => void }[] = [];

  now() {
    return this.at;
  }
  wallNow() {
    return 1_700_000_000_000 + Math.floor(this.at);
  }
  after(milliseconds: number, call: () => void) {
    const timer = { due: this.at + milliseconds, call };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }
  /** Time passes and no timer runs: the process was busy or stopped. */
  stall(milliseconds: number) {
    this.at += milliseconds;
  }
  advance(milliseconds: number) {
    const end = this.at + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.at = Math.max(this.at, next.due);
      next.call();
    }
    this.at = end;
  }
}

/** The control plane's end of one connection; every frame must be of the protocol. */
class FakeSocket implements Socket {
  readonly frames: AgentFrame[] = [];
  closedWith: number | null = null;
  private text: (text: string) => void = () => undefined;
  private ended: (code: number, reason: string) => void = () => undefined;

  send(text: string) {
    const result = parseAgentFrame(text);
    if (!result.ok) throw new Error(result.message);
    this.frames.push(result.frame);
  }
  ping() {
    return;
  }
  close(code: number) {
    this.closedWith = code;
  }
  terminate() {
    this.end(1006, '');
  }
  onText(listener: (text: string) => void) {
    this.text = listener;
  }
  onClose(listener: (code: number, reason: string) => void) {
    this.ended = listener;
  }

  receive(frame: ServerFrame) {
    this.text(JSON.stringify(frame));
  }
  end(code: number, reason: string) {
    this.ended(code, reason);
  }
  sequences() {
    return this.frames.flatMap((frame) => (frame.type === 'events' ? [frame.events.map(({ sequence }) => sequence)] : []));
  }
  count(type: AgentFrame['type']) {
    return this.frames.filter((frame) => frame.type === type).length;
  }
}

const welcome = (lastSequence: number, heartbeatIntervalMs = 10_000): ServerFrame => ({ type: 'welcome', protocol: 1, machineName: 'load', approved: true, heartbeatIntervalMs, lastSequence, serverTime: 0 });

describe('a simulated machine', () => {
  let clock: FakeClock;
  let tally: Tally;
  let sockets: FakeSocket[];
  let machine: SimulatedMachine;

  beforeEach(() => {
    clock = new FakeClock();
    tally = new Tally();
    sockets = [];
    machine = new SimulatedMachine({
      seed: 'seed', run: 'run', identity: makeIdentity('seed', 1), machineId: MACHINE_ID, revision: 1, document: DOCUMENT, workers: 2, clock, observer: tally,
      connect: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
    });
    machine.start();
  });

  const socket = () => sockets.at(-1) as FakeSocket;
  const meet = (lastSequence: number) => {
    socket().receive({ type: 'challenge', protocol: 1, nonce: 'ab'.repeat(32), serverTime: 0 });
    socket().receive(welcome(lastSequence));
  };

  it('answers the challenge, greets, and beats in the interval it was given', () => {
    meet(0);
    expect(socket().frames.map(({ type }) => type)).toEqual(['auth', 'hello', 'heartbeat']);
    clock.advance(60_000);
    expect(socket().count('heartbeat')).toBeGreaterThanOrEqual(6);
    expect(socket().count('heartbeat')).toBeLessThanOrEqual(7);
    socket().receive(welcome(0, 60_000));
    const before = socket().count('heartbeat');
    clock.advance(50_000);
    expect(socket().count('heartbeat')).toBe(before);
    expect(tally.report()).toMatchObject({ connects: 1, faults: { count: 0 } });
  });

  it('goes on after the sequence that an earlier run reached', () => {
    meet(500);
    machine.emit();
    expect(socket().sequences()).toEqual([[501]]);
    expect(machine.firstSequence).toBe(500);
  });

  it('sends one batch at a time, and the next when it is acknowledged', () => {
    meet(0);
    for (let i = 0; i < 250; i++) machine.emit();
    expect(socket().sequences()).toEqual([[1]]);
    clock.advance(30);
    socket().receive({ type: 'ack', sequence: 1 });
    expect(socket().sequences()[1]).toHaveLength(200);
    socket().receive({ type: 'ack', sequence: 201 });
    socket().receive({ type: 'ack', sequence: 250 });
    expect(machine.pending).toBe(0);
    expect(tally.report()).toMatchObject({ sent: 250, acknowledged: 250, resent: 0, acknowledgement: { count: 250, max: 30 } });
  });

  it('sends again what was not acknowledged, and only that', () => {
    meet(0);
    for (let i = 0; i < 3; i++) machine.emit();
    socket().receive({ type: 'ack', sequence: 1 });
    socket().end(1006, '');
    machine.emit();
    clock.advance(2_000);
    expect(sockets).toHaveLength(2);
    meet(2); // the second was stored, its acknowledgement was lost
    expect(socket().sequences()).toEqual([[3, 4]]);
    socket().receive({ type: 'ack', sequence: 4 });
    expect(tally.report()).toMatchObject({ sent: 5, resent: 1, acknowledged: 4, disconnects: { 1006: 1 }, faults: { count: 0 }, acknowledgementAfterLoss: { count: 3 }, downtime: { count: 1 } });
  });

  it('waits longer after each failure, and not for ever', () => {
    const waits: number[] = [];
    const attempts = 10;
    for (let i = 0; i < attempts; i++) {
      const before = sockets.length;
      const from = clock.now();
      socket().end(1006, '');
      while (sockets.length === before) clock.advance(10);
      waits.push(clock.now() - from);
    }
    expect(waits[0]).toBeLessThan(1_600);
    expect(waits[3]).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(90_010);
    expect(tally.report()).toMatchObject({ notWelcomed: { 1006: attempts }, disconnects: {} });
  });

  it('reports events that were acknowledged and then lost', () => {
    meet(0);
    machine.emit();
    machine.emit();
    socket().receive({ type: 'ack', sequence: 1 });
    socket().receive({ type: 'ack', sequence: 2 });
    socket().end(1006, '');
    clock.advance(2_000);
    meet(1);
    expect(tally.report().faults.first).toEqual([expect.stringContaining('events up to 2 were acknowledged')]);
  });

  it('reports an acknowledgement of what was never made, an error and a frame of no protocol', () => {
    meet(0);
    socket().receive({ type: 'ack', sequence: 9 });
    socket().receive({ type: 'error', code: 'not-stored', message: 'events could not be stored' });
    socket().receive({ type: 'ack', sequence: -1 });
    expect(tally.report().faults.count).toBe(3);
  });

  it('gives up a connection that does not acknowledge, and does not come back once revoked', () => {
    meet(0);
    machine.emit();
    clock.advance(61_000);
    expect(tally.report()).toMatchObject({ faults: { count: 1 }, disconnects: { 1006: 1 } });
    clock.advance(2_000);
    meet(0);
    socket().end(CLOSE_CODES.revoked, 'revoked by an operator');
    const before = sockets.length;
    clock.advance(600_000);
    expect(sockets).toHaveLength(before);
  });

  it('runs the revision it is sent and says so at once', () => {
    meet(0);
    socket().receive({ type: 'desired', revision: 7, document: { workers: 3, paused: false, pauseNote: '' } });
    const last = socket().frames.at(-1);
    expect(last).toMatchObject({ type: 'heartbeat', heartbeat: { observed: { revision: 7, workers: 3 } } });
  });

  it('says goodbye when stopped', () => {
    meet(0);
    machine.stop();
    expect(socket().closedWith).toBe(1000);
    clock.advance(600_000);
    expect(sockets).toHaveLength(1);
  });

  describe('in a fleet', () => {
    it('makes events at the rate asked for, catching up after a stall', () => {
      meet(0);
      const fleet = new Fleet('seed', clock, [machine]);
      fleet.startLoad(400);
      clock.advance(5_000);
      expect(fleet.made).toBe(2_000);
      clock.stall(4_000);
      clock.advance(1_000);
      expect(fleet.made).toBe(4_000);
      fleet.stopLoad();
      const { made } = fleet;
      clock.advance(1_000);
      expect(fleet.made).toBe(made);
      expect(fleet.expected()).toEqual([{ machineId: MACHINE_ID, firstSequence: 0, lastSequence: made, settled: expect.any(Number) }]);
    });

    it('tells how long a storm lasts until all are back', () => {
      meet(0);
      const fleet = new Fleet('seed', clock, [machine]);
      fleet.startLoad(0);
      clock.advance(5_000);
      fleet.storm(1);
      expect(fleet.connected).toBe(0);
      clock.advance(3_000);
      meet(0);
      clock.advance(200);
      expect(fleet.stormReport).toEqual([{ atSeconds: 5, machines: 1, allBackMs: 3_100 }]);
    });

    it('offers only the newest event of a connected machine to look for', () => {
      meet(0);
      const fleet = new Fleet('seed', clock, [machine]);
      fleet.startLoad(100);
      clock.advance(1_000);
      expect(fleet.takeNewest()).toMatchObject({ machineId: MACHINE_ID, sequence: fleet.made });
      expect(fleet.takeNewest()).toBeNull();
      clock.advance(100);
      machine.cut();
      expect(fleet.takeNewest()).toBeNull();
    });
  });
});

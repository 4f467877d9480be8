import { beforeEach, describe, expect, it } from '@jest/globals';
import { verify } from '@noble/ed25519';
import { authMessage, CLOSE_CODES, type AgentFrame, type FleetEvent, type Heartbeat, type MachineFacts, type ServerFrame } from '@provefleet/fleet-protocol';
import { pino } from 'pino';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { KeyPair } from '../identity/keys.js';
import { Link, type Socket } from './link.js';
import { agentSocketUrl } from './socket.js';

class FakeSocket implements Socket {
  readonly sent: AgentFrame[] = [];
  closedWith: number | null = null;
  pings = 0;
  private text: (text: string) => void = () => undefined;
  private pongListener: () => void = () => undefined;
  private closeListener: (code: number, reason: string, problem: string | null) => void = () => undefined;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as AgentFrame);
  }
  ping(): void {
    this.pings++;
  }
  close(code: number): void {
    this.closedWith = code;
    this.closeListener(code, '', null);
  }
  terminate(): void {
    this.closedWith = 1006;
    this.closeListener(1006, '', null);
  }
  onText(listener: (text: string) => void): void {
    this.text = listener;
  }
  onPong(listener: () => void): void {
    this.pongListener = listener;
  }
  onClose(listener: (code: number, reason: string, problem: string | null) => void): void {
    this.closeListener = listener;
  }
  receive(frame: ServerFrame | { type: string }): void {
    this.text(JSON.stringify(frame));
  }
  raw(text: string): void {
    this.text(text);
  }
  pong(): void {
    this.pongListener();
  }
  ends(code: number, reason = '', problem: string | null = null): void {
    this.closeListener(code, reason, problem);
  }
  of<T extends AgentFrame['type']>(type: T): Extract<AgentFrame, { type: T }>[] {
    return this.sent.filter((frame): frame is Extract<AgentFrame, { type: T }> => frame.type === type);
  }
}

const machineId = '0b9ff0a3-6ad5-4f0c-9b0a-0f4e62a3c1aa';
const nonce = 'ab'.repeat(32);
const event = (sequence: number): FleetEvent => ({ sequence, at: 1, level: 'info', kind: 'agent', change: 'started', reason: '' });

let clock: FakeAgentClock;
let sockets: FakeSocket[];
let stored: FleetEvent[];
let acknowledged: number;
let desired: [number, unknown][];
let approvals: boolean[];
let durable: () => void;
let key: KeyPair;
let link: Link;

beforeEach(() => {
  clock = new FakeAgentClock();
  sockets = [];
  stored = [];
  acknowledged = 0;
  desired = [];
  approvals = [];
  durable = () => undefined;
  key = KeyPair.generate('ed25519');
  link = new Link({
    url: agentSocketUrl('http://localhost:4000', false),
    machineId,
    key,
    connect: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    clock,
    logger: pino({ level: 'silent' }),
    facts: () => ({}) as MachineFacts,
    observedRevision: () => 4,
    heartbeat: () => ({}) as Heartbeat,
    events: {
      readAfter: async (sequence, maxEvents) => stored.filter((each) => each.sequence > sequence).slice(0, maxEvents),
      acknowledge: (sequence) => (acknowledged = Math.max(acknowledged, sequence)),
      onDurable: (listener) => (durable = listener),
    },
    applyDesired: async (revision, document) => void desired.push([revision, document]),
    setApproved: (approved) => approvals.push(approved),
    onChange: () => undefined,
  });
});

const last = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('there is no socket');
  return socket;
};

async function connect(lastSequence = 0): Promise<FakeSocket> {
  if (sockets.length === 0) link.start();
  const socket = last();
  socket.receive({ type: 'challenge', protocol: 1, nonce, serverTime: 1 });
  socket.receive({ type: 'welcome', protocol: 1, machineName: 'm', approved: true, heartbeatIntervalMs: 10_000, lastSequence, serverTime: 1 });
  await clock.advance(0);
  return socket;
}

describe('a link', () => {
  it('proves who it is, says what it is, sends its figures', async () => {
    const socket = await connect();
    const [auth] = socket.of('auth');
    expect(auth?.machineId).toBe(machineId);
    expect(verify(Buffer.from(auth?.signature ?? '', 'hex'), authMessage(nonce, machineId), key.publicKey)).toBe(true);
    expect(socket.sent.map(({ type }) => type)).toEqual(['auth', 'hello', 'heartbeat']);
    expect(socket.of('hello')).toMatchObject([{ observedRevision: 4 }]);
    expect(approvals).toEqual([true]);
    expect(link.state.kind).toBe('connected');
  });

  it('sends nothing of itself before it is welcome', async () => {
    link.start();
    stored.push(event(1));
    durable();
    link.heartbeatNow();
    last().receive({ type: 'challenge', protocol: 1, nonce, serverTime: 1 });
    await clock.advance(0);
    expect(last().sent.map(({ type }) => type)).toEqual(['auth']);
  });

  it('sends heartbeats at the interval it was given', async () => {
    const socket = await connect();
    await clock.advance(30_000);
    expect(socket.of('heartbeat').length).toBeGreaterThanOrEqual(3);
    expect(socket.of('heartbeat').length).toBeLessThanOrEqual(5);
  });

  it('goes on after the last event the control plane has, one acknowledged batch after the other', async () => {
    stored.push(...Array.from({ length: 450 }, (_, index) => event(index + 1)));
    const socket = await connect(100);
    expect(socket.of('events').map(({ events }) => [events[0]?.sequence, events.at(-1)?.sequence])).toEqual([[101, 300]]);
    await clock.advance(5000);
    expect(socket.of('events')).toHaveLength(1);
    socket.receive({ type: 'ack', sequence: 300 });
    await clock.advance(0);
    expect(socket.of('events').at(-1)?.events.at(-1)?.sequence).toBe(450);
    socket.receive({ type: 'ack', sequence: 450 });
    await clock.advance(0);
    expect(acknowledged).toBe(450);
    stored.push(event(451));
    durable();
    await clock.advance(0);
    expect(socket.of('events').at(-1)?.events).toHaveLength(1);
  });

  it('sends again what was not acknowledged when it was lost', async () => {
    stored.push(event(1), event(2));
    const first = await connect();
    expect(first.of('events')).toHaveLength(1);
    first.ends(1006);
    await clock.advance(2000);
    const second = await connect();
    expect(second).not.toBe(first);
    expect(second.of('events')[0]?.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('is made again and again, later each time, up to a minute or so, and soon after it held', async () => {
    link.start();
    const tries: number[] = [];
    for (let i = 0; i < 10; i++) {
      const before = sockets.length;
      last().ends(1006, '', 'ECONNREFUSED');
      const at = clock.now();
      while (sockets.length === before) await clock.advance(100);
      tries.push(clock.now() - at);
    }
    expect(tries[0]).toBeLessThanOrEqual(1500);
    expect(tries.at(-1)).toBeGreaterThanOrEqual(60_000);
    expect(Math.max(...tries)).toBeLessThanOrEqual(91_000);
    await connect();
    last().ends(1006);
    await clock.advance(1500);
    expect(sockets).toHaveLength(12);
  });

  it('does not come back after a revocation', async () => {
    await connect();
    last().ends(CLOSE_CODES.revoked, 'by an operator');
    await clock.advance(3_600_000);
    expect(sockets).toHaveLength(1);
    expect(link.state).toEqual({ kind: 'revoked', cause: 'by an operator' });
  });

  it.each([CLOSE_CODES.unauthenticated, CLOSE_CODES.replaced, CLOSE_CODES.wrongVersion])('comes back slowly after %i', async (code) => {
    await connect();
    last().ends(code, 'why');
    await clock.advance(59_000);
    expect(sockets).toHaveLength(1);
    await clock.advance(15_000);
    expect(sockets).toHaveLength(2);
  });

  it('that is silent is given up: no challenge, no pong, no acknowledgement', async () => {
    link.start();
    await clock.advance(15_000);
    expect(last().closedWith).toBe(1006);
    await clock.advance(2000);
    const second = await connect();
    await clock.advance(15_000);
    expect(second.pings).toBe(1);
    second.pong();
    await clock.advance(31_000);
    expect(second.closedWith).toBe(1006);
    await clock.advance(2000);
    stored.push(event(1));
    const third = await connect();
    for (let i = 0; i < 6; i++) {
      await clock.advance(14_000);
      third.pong();
    }
    expect(third.closedWith).toBe(1006);
  });

  it('takes an operator’s wish and tells at once that it did', async () => {
    const socket = await connect();
    const before = socket.of('heartbeat').length;
    const document = { workers: 2, paused: true, pauseNote: 'x' };
    socket.receive({ type: 'desired', revision: 9, document } as ServerFrame);
    await clock.advance(0);
    expect(desired).toEqual([[9, document]]);
    expect(socket.of('heartbeat')).toHaveLength(before + 1);
  });

  it('answers a frame of a later version with an error and stays; closes on one that is broken', async () => {
    const socket = await connect();
    socket.receive({ type: 'teleport' });
    expect(socket.of('error')).toMatchObject([{ code: 'UnknownType' }]);
    expect(socket.closedWith).toBeNull();
    socket.raw('{"type":"ack","sequence":-1}');
    expect(socket.closedWith).toBe(CLOSE_CODES.malformed);
  });

  it('at the end waits for the acknowledgement of what is left, but not for ever', async () => {
    stored.push(event(1));
    const socket = await connect();
    let stopped = false;
    void link.stop(2000).then(() => (stopped = true));
    await clock.advance(500);
    expect(stopped).toBe(false);
    socket.receive({ type: 'ack', sequence: 1 });
    await clock.advance(100);
    expect(stopped).toBe(true);
    expect(socket.closedWith).toBe(1000);
    await clock.advance(100_000);
    expect(sockets).toHaveLength(1);
  });
});

describe('the address', () => {
  it('of the socket follows from that of the control plane', () => {
    expect(agentSocketUrl('https://fleet.example.org/base/', false).href).toBe('wss://fleet.example.org/base/agent/v1');
    expect(agentSocketUrl('http://127.0.0.1:4000', false).href).toBe('ws://127.0.0.1:4000/agent/v1');
  });

  it.each(['http://fleet.example.org', 'ftp://localhost', 'nonsense', 'https://user:pass@fleet.example.org'])('%s is refused', (url) => {
    expect(() => agentSocketUrl(url, false)).toThrow('controlPlaneUrl');
  });

  it('may be plain beyond loopback when that is allowed', () => {
    expect(agentSocketUrl('http://fleet.example.org', true).protocol).toBe('ws:');
  });
});

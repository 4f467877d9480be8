import { generateKeyPairSync, sign } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { authMessage, type ServerFrame } from '@provefleet/fleet-protocol';
import { pino } from 'pino';
import { FleetChanges } from '../live/fleet-changes.js';
import { AgentGateway } from './agent.gateway.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const PUBLIC_KEY = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly isPaused = false;
  readonly sent: ServerFrame[] = [];
  send = (text: string) => void this.sent.push(JSON.parse(text) as ServerFrame);

  get welcomes() {
    return this.sent.filter((frame) => frame.type === 'welcome');
  }

  receive(frame: object): void {
    this.emit('message', Buffer.from(JSON.stringify(frame)), false);
  }
}

let fleetSize: number;
let gateway: AgentGateway;
let open: (socket: FakeSocket) => void;

beforeEach(() => {
  jest.useFakeTimers();
  fleetSize = 1;
  const machines = {
    findKnown: async (id: string) => ({ id, name: id, publicKey: PUBLIC_KEY, isApproved: true, isRevoked: false, lastSequence: 5 }),
    countHeardSince: async () => fleetSize,
  };
  const telemetry = { ingest: async () => 9 };
  const sockets = { register: (endpoint: { open: typeof open }) => (open = endpoint.open) };
  gateway = new AgentGateway(() => 0, pino({ level: 'silent' }), machines as never, telemetry as never, new FleetChanges(), sockets as never);
  gateway.onModuleInit();
});
afterEach(() => {
  jest.clearAllTimers();
  jest.useRealTimers();
});

async function join(machineId: string): Promise<FakeSocket> {
  const socket = new FakeSocket();
  open(socket);
  const [challenge] = socket.sent;
  if (challenge?.type !== 'challenge') throw new Error('no challenge came');
  socket.receive({ type: 'auth', protocol: 1, machineId, signature: sign(null, authMessage(challenge.nonce, machineId), privateKey).toString('hex') });
  await jest.advanceTimersByTimeAsync(0);
  return socket;
}

const machineId = (number: number) => `6f6c7b1e-6f7b-4c39-9d3f-${String(number).padStart(12, '0')}`;

describe('the pace of heartbeats', () => {
  it('follows the fleet: an agent that came when it was small is told the interval of a large one, and where its events stand', async () => {
    const socket = await join(machineId(1));
    expect(socket.welcomes[0]?.heartbeatIntervalMs).toBeLessThan(2_300);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(socket.welcomes).toHaveLength(1);

    socket.receive({ type: 'events', events: [{ sequence: 9, at: 0, level: 'error', kind: 'state', from: 'proving', to: 'failing', reason: '' }] });
    fleetSize = 1_000;
    await jest.advanceTimersByTimeAsync(60_000); // counted once a minute
    expect(socket.welcomes).toHaveLength(2);
    expect(socket.welcomes[1]).toMatchObject({ approved: true, lastSequence: 9 });
    expect(socket.welcomes[1]?.heartbeatIntervalMs).toBeGreaterThan(8_900);

    fleetSize = 1;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(socket.welcomes).toHaveLength(3);
    expect(socket.welcomes[2]?.heartbeatIntervalMs).toBeLessThan(2_300);
  });

  it('changes for a part of a large fleet at a time, since each agent beats at once', async () => {
    const fleet: FakeSocket[] = [];
    while (fleet.length < 600) fleet.push(await join(machineId(fleet.length)));
    fleetSize = 3_000;
    await gateway.onApplicationBootstrap();
    const told = () => fleet.filter(({ welcomes }) => (welcomes.at(-1)?.heartbeatIntervalMs ?? 0) > 20_000).length;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(told()).toBe(500);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(told()).toBe(600);
  });
});

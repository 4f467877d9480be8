import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { AGENT_SOCKET_PATH, authMessage, enrolMessage, type FleetEvent, type Heartbeat, type MachineFacts, parseServerFrame, type ServerFrame, type TaskSettledEvent } from '@provefleet/fleet-protocol';
import { WebSocket } from 'ws';
import type { Api } from './api.js';
import type { ControlPlane } from './control-plane.js';

export const FACTS: MachineFacts = {
  hostname: 'rig', os: 'Debian 12', arch: 'x64', cpuModel: 'Test', cpuCores: 8, cpuFeatures: ['avx2'], memoryBytes: 8_000_000_000, agentVersion: '0.1.0', nodeVersion: '20.20.2',
  prover: { backend: 'native', version: '2.3.0', cpuBuild: 'x86-64-v3', securityBits: 96 },
};

/** How a socket ends, whether or not an error comes before. */
export const closeOf = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));

/** A machine's key pair, and the enrolment made with it. */
export class Identity {
  readonly publicKey: string;
  readonly sealingKey = 'cd'.repeat(32);
  private readonly privateKey: KeyObject;
  machineId = '';

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.privateKey = privateKey;
    this.publicKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  }

  /** The raw private key in hex, to look for where it must not be. */
  get secret(): string {
    return this.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('hex');
  }

  sign(message: Uint8Array): string {
    return sign(null, message, this.privateKey).toString('hex');
  }

  enrolBody(token: string, name = 'rig-1') {
    const tokenHash = createHash('sha256').update(token).digest('hex');
    return { token, name, publicKey: this.publicKey, sealingKey: this.sealingKey, signature: this.sign(enrolMessage(tokenHash, this.publicKey, this.sealingKey)), facts: FACTS };
  }

  async enrol(api: Api, { token, name }: { token?: string; name?: string } = {}): Promise<{ machineId: string; name: string; approved: boolean }> {
    const used = token ?? (await api.ok<{ token: string }>('POST', 'join-tokens', {})).token;
    const enrolled = await api.ok<{ machineId: string; name: string; approved: boolean }>('POST', 'enrol', this.enrolBody(used, name));
    this.machineId = enrolled.machineId;
    return enrolled;
  }
}

/** An agent that does exactly what the test says. */
export class ScriptedAgent {
  private readonly waiting: ((frame: ServerFrame) => void)[] = [];
  private readonly received: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(
    readonly socket: WebSocket,
    readonly identity: Identity,
  ) {
    socket.on('message', (data) => {
      const result = parseServerFrame(data.toString());
      if (!result.ok) throw new Error(`the control plane sent a bad frame: ${result.message}`);
      const waiting = this.waiting.shift();
      if (waiting) waiting(result.frame);
      else this.received.push(result.frame);
    });
    socket.on('error', () => undefined); // the close tells
    this.closed = closeOf(socket);
  }

  /** Opens a socket; nothing is sent yet. */
  static async connect(plane: ControlPlane, identity: Identity): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(new WebSocket(`${plane.url.replace('http', 'ws')}${AGENT_SOCKET_PATH}`), identity);
    await once(agent.socket, 'open');
    return agent;
  }

  /** Opens a socket and goes through challenge, auth, welcome, hello and desired. */
  static async join(plane: ControlPlane, identity: Identity): Promise<ScriptedAgent & { welcome: Extract<ServerFrame, { type: 'welcome' }>; desired: Extract<ServerFrame, { type: 'desired' }> }> {
    const agent = await ScriptedAgent.connect(plane, identity);
    agent.send(await agent.authFrame());
    const welcome = await agent.next('welcome');
    agent.send({ type: 'hello', facts: FACTS, observedRevision: 0 });
    return Object.assign(agent, { welcome, desired: await agent.next('desired') });
  }

  /** Waits for the challenge and answers it, without sending. */
  async authFrame() {
    const { nonce } = await this.next('challenge');
    return { type: 'auth', protocol: 1, machineId: this.identity.machineId, signature: this.identity.sign(authMessage(nonce, this.identity.machineId)) };
  }

  send(frame: object | string | Buffer): void {
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The next frame, which must be of this type. */
  async next<T extends ServerFrame['type']>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    const frame =
      this.received.shift() ??
      (await Promise.race([new Promise<ServerFrame>((resolve) => this.waiting.push(resolve)), this.closed.then(({ code, reason }) => Promise.reject(new Error(`closed with ${code} ${reason} while waiting for ${type}`)))]));
    if (frame.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(frame)}`);
    return frame as Extract<ServerFrame, { type: T }>;
  }

  /** Sends events and waits for their acknowledgement. */
  async deliver(events: readonly FleetEvent[]): Promise<number> {
    this.send({ type: 'events', events });
    return (await this.next('ack')).sequence;
  }

  async disconnect(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

export function settled(sequence: number, change: Partial<TaskSettledEvent> = {}): TaskSettledEvent {
  const at = Date.now();
  return {
    sequence, at, level: 'info', kind: 'task-settled', nodeId: 'node-1', taskId: `task-${sequence}`, program: 'fib_input_initial', taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', input: '9, 1, 1',
    outcome: 'accepted', reason: '', code: '', workerId: 1, provingMs: 10 + sequence, stages: [{ stage: 'commit', milliseconds: 4 }], proofBytes: 6000, submitAttempts: 1, fetchedAt: at - 100, settledAt: at, ...change,
  };
}

export const stateEvent = (sequence: number, reason = 'the prover crashed'): FleetEvent => ({ sequence, at: Date.now(), level: 'error', kind: 'state', from: 'proving', to: 'failing', reason });

export function heartbeat(change: Partial<Heartbeat> = {}): { type: 'heartbeat'; heartbeat: Heartbeat } {
  const at = Date.now();
  return {
    type: 'heartbeat',
    heartbeat: {
      at, state: 'proving', reason: '', since: at - 5_000, startedAt: at - 60_000,
      gauges: { cpu: 0.5, memoryUsedBytes: 1_000_000_000, memoryTotalBytes: 8_000_000_000, taskQueue: 3, resultQueue: 0, outboxProofs: 0, outboxEvents: 0, eventLoopDelayMs: 1.5 },
      counters: { fetched: 1, accepted: 1, refused: 0, expired: 0, failed: 0, workerRestarts: 0, droppedEvents: 0 },
      workers: [{ id: 1, state: 'proving', taskId: 'task-9', program: 'fast-fib', stage: 'commit', since: at - 50, restarts: 0, cause: '', memoryBytes: 50_000_000 }],
      nodes: [{ nodeId: 'node-1', signingKey: 'ab'.repeat(32), nextFetchAt: null, throttledUntil: null }],
      observed: { revision: 1, document: { workers: 'auto', paused: false, pauseNote: '' }, workers: 1, rejected: null },
      ...change,
    },
  };
}

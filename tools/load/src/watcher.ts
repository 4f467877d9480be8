import { LIVE_SOCKET_PATH } from '@provefleet/fleet-protocol';
import WebSocket from 'ws';
import { z } from 'zod';
import { LatencyRecorder, type LatencySummary } from './latency.js';
import type { ControlPlane } from './rest.js';
import { socketUrl } from './sockets.js';

/** Of the live frames, what is measured; checking every field of every machine would take the generator's time. */
const frameSchema = z.union([
  z.object({ type: z.literal('events'), items: z.array(z.object({ machineId: z.string(), event: z.object({ sequence: z.number(), at: z.number() }) })) }),
  z.object({ type: z.literal('machines'), items: z.array(z.unknown()) }),
  z.object({ type: z.literal('resync'), reason: z.string() }),
  z.object({ type: z.literal('ready') }),
]);

const RECONNECT_MS = 1_000;

export interface WatcherReport {
  /** Events of this run that came over the socket, each once. */
  readonly events: number;
  readonly repeated: number;
  readonly resyncs: number;
  readonly machineUpdates: number;
  readonly bytes: number;
  readonly reconnects: number;
  /** From the event's making to its arrival here. */
  readonly latency: LatencySummary;
}

/** A dashboard that looks on: the live socket with an operator's session. */
export class Watcher {
  private readonly latency = new LatencyRecorder();
  private readonly seen = new Map<string, Set<number>>();
  private socket: WebSocket | null = null;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private counts = { events: 0, repeated: 0, resyncs: 0, machineUpdates: 0, bytes: 0, reconnects: 0 };

  /** @param madeSince events made before this time, in milliseconds since the epoch, are not of this run */
  constructor(
    private readonly controlPlane: ControlPlane,
    private readonly madeSince: number,
    private readonly onFault: (description: string) => void,
  ) {}

  start(): void {
    const { url, origin, sessionCookie } = this.controlPlane;
    const socket = new WebSocket(socketUrl(url, LIVE_SOCKET_PATH), { headers: { origin, cookie: sessionCookie }, perMessageDeflate: false });
    this.socket = socket;
    let problem = '';
    socket.on('error', (error) => (problem = error.message));
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('close', (code, reason) => {
      if (this.stopped) return;
      if (problem.includes('401') || problem.includes('403')) this.onFault(`the live socket was refused: ${problem || `${code} ${reason.toString()}`}`);
      this.counts.reconnects += 1;
      this.timer = setTimeout(() => this.start(), RECONNECT_MS);
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  report(): WatcherReport {
    return { ...this.counts, latency: this.latency.summary() };
  }

  private receive(text: string): void {
    const now = Date.now();
    this.counts.bytes += text.length;
    const frame = frameSchema.safeParse(JSON.parse(text));
    if (!frame.success) return this.onFault('a live frame is not of the protocol');
    switch (frame.data.type) {
      case 'events':
        for (const { machineId, event } of frame.data.items) {
          if (event.at >= this.madeSince) this.take(machineId, event, now);
        }
        return;
      case 'machines':
        this.counts.machineUpdates += frame.data.items.length;
        return;
      case 'resync':
        this.counts.resyncs += 1;
    }
  }

  private take(machineId: string, { sequence, at }: { sequence: number; at: number }, now: number): void {
    let sequences = this.seen.get(machineId);
    if (!sequences) this.seen.set(machineId, (sequences = new Set()));
    if (sequences.has(sequence)) {
      this.counts.repeated += 1;
      return;
    }
    sequences.add(sequence);
    this.counts.events += 1;
    this.latency.add(now - at);
  }
}

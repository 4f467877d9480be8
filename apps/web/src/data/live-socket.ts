import { CLOSE_CODES, LIVE_SOCKET_PATH, type LiveFrame, liveFrameSchema, MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';

/** Waits between tries, in milliseconds: 1 s, doubled to 30 s, and up to half of it more so that browsers spread. */
export const retryDelay = (failures: number, random: number): number => Math.min(1_000 * 2 ** Math.min(failures, 10), 30_000) * (1 + random / 2);

/** From the first try to the server's `ready`, in milliseconds. */
const READY_MS = 10_000;
/** A page may take as much as this; larger frames are refused unread. */
const MOST_FRAME_CHARACTERS = MAX_FRAME_BYTES * 16;

export interface LiveSocketEvents {
  /** The connection stands and the server said `ready`. */
  onReady(serverTime: number): void;
  onFrame(frame: Exclude<LiveFrame, { type: 'ready' }>): void;
  /** The connection is lost or could not be made; `retryAt` is when the next try comes. */
  onLost(retryAt: number): void;
  /** The server refused the session. */
  onSignedOut(): void;
}

/** The dashboard's live connection: reconnects by itself, checks every frame, remembers which machine is watched. */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private watched: string | null = null;
  private stopped = false;

  constructor(private readonly events: LiveSocketEvents) {}

  /** Connects now, dropping the present connection if there is one. */
  connect(): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.drop();
    const { protocol, host } = window.location;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}${LIVE_SOCKET_PATH}`);
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.take(data);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (code === CLOSE_CODES.unauthenticated) this.events.onSignedOut();
      this.lost();
    };
    this.patience = setTimeout(() => {
      this.drop();
      this.lost();
    }, READY_MS);
  }

  /** Asks for the details of one machine (null: of none) now and after each reconnect. */
  watch(machineId: string | null): void {
    this.watched = machineId;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: 'watch', machineId }));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.drop();
  }

  private take(data: unknown): void {
    if (typeof data !== 'string' || data.length > MOST_FRAME_CHARACTERS) return this.violate('a frame that is not text or too large');
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (cause) {
      return this.violate(`a frame that is not JSON (${String(cause)})`);
    }
    const frame = liveFrameSchema.safeParse(value);
    // A newer control plane may speak of things this page does not know: they are left out, the rest goes on.
    if (!frame.success) return console.warn('Live frame left out:', frame.error.issues[0]);
    if (frame.data.type !== 'ready') return this.events.onFrame(frame.data);
    this.failures = 0;
    clearTimeout(this.patience);
    if (this.watched) this.watch(this.watched);
    this.events.onReady(frame.data.serverTime);
  }

  private violate(what: string): void {
    console.warn(`Live connection closed: the server sent ${what}.`);
    this.drop();
    this.lost();
  }

  private drop(): void {
    clearTimeout(this.patience);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private lost(): void {
    clearTimeout(this.patience);
    if (this.stopped) return;
    const wait = retryDelay(this.failures, Math.random());
    this.failures += 1;
    this.timer = setTimeout(() => this.connect(), wait);
    this.events.onLost(Date.now() + wait);
  }
}

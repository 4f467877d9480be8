import type { LiveFrame } from '@provefleet/fleet-protocol';
import type { WebSocket } from 'ws';
import type { Session } from '../auth/auth.repository.js';

/** Bytes that wait in the socket: above the first, frames are left out; below the second, the watcher is told to read again. */
const LAGS_ABOVE_BYTES = 1_048_576;
const CAUGHT_UP_BELOW_BYTES = 65_536;

/** One dashboard's live socket. A slow one misses frames instead of filling our memory, and knows that it did. */
export class LiveClient {
  /** The machine it watches in detail. */
  watched: string | null = null;
  private isLagging = false;

  constructor(
    readonly socket: WebSocket,
    readonly session: Session,
  ) {}

  send(frame: LiveFrame): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.isLagging && this.socket.bufferedAmount < CAUGHT_UP_BELOW_BYTES) {
      this.isLagging = false;
      this.socket.send(JSON.stringify({ type: 'resync', reason: 'the connection was too slow for some updates' } satisfies LiveFrame));
    }
    if (this.socket.bufferedAmount > LAGS_ABOVE_BYTES) this.isLagging = true;
    if (!this.isLagging) this.socket.send(JSON.stringify(frame));
  }
}

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

const CLOSE_TIMEOUT_MS = 2_000;

/** Closes sockets with a code and a reason and waits for the other ends; those that do not answer are cut. */
export async function closeAll(sockets: Iterable<WebSocket>, code: number, reason: string): Promise<void> {
  const open = [...sockets].filter((socket) => socket.readyState !== WebSocket.CLOSED);
  const closed = Promise.all(open.map((socket) => once(socket, 'close')));
  for (const socket of open) socket.close(code, reason);
  await Promise.race([closed, sleep(CLOSE_TIMEOUT_MS)]);
  for (const socket of open) socket.terminate();
}

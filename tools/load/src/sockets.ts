import { AGENT_SOCKET_PATH, MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';
import WebSocket from 'ws';
import type { Socket } from './machine.js';

const OPEN_TIMEOUT_MS = 10_000;

/** Address of a WebSocket on the control plane. */
export function socketUrl(controlPlane: string, path: string): URL {
  const url = new URL(path, controlPlane);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

/** An agent's WebSocket over the network. */
export function connectAgent(controlPlane: string): Socket {
  const socket = new WebSocket(socketUrl(controlPlane, AGENT_SOCKET_PATH), { handshakeTimeout: OPEN_TIMEOUT_MS, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  let problem = '';
  // The close that follows is what counts.
  socket.on('error', (error) => (problem = error.message));
  const isOpen = () => socket.readyState === WebSocket.OPEN;
  return {
    send: (text) => void (isOpen() && socket.send(text, () => undefined)),
    ping: () => void (isOpen() && socket.ping()),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    onText: (listener) => void socket.on('message', (data) => listener(String(data))),
    onClose: (listener) => void socket.on('close', (code, reason) => listener(code, problem || reason.toString())),
  };
}

import { AGENT_SOCKET_PATH, MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';
import WebSocket from 'ws';
import { AgentError } from '../errors.js';
import type { Socket } from './link.js';

const OPEN_TIMEOUT_MS = 10_000;

/** A WebSocket over the network, in the shape the link uses. */
export function connectSocket(url: URL): Socket {
  const socket = new WebSocket(url, { handshakeTimeout: OPEN_TIMEOUT_MS, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  let problem: string | null = null;
  socket.on('error', (error) => (problem = error.message || error.name));
  return {
    // A send that fails is followed by the close, which is what the link acts on.
    send: (text) => void (socket.readyState === WebSocket.OPEN && socket.send(text, () => undefined)),
    ping: () => void (socket.readyState === WebSocket.OPEN && socket.ping()),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    onText: (listener) => void socket.on('message', (data, binary) => listener(binary ? '' : String(data))),
    onPong: (listener) => void socket.on('pong', listener),
    onClose: (listener) => void socket.on('close', (code, reason) => listener(code, reason.toString(), problem)),
  };
}

/**
 * Address of the agents' socket on a control plane.
 * @throws AgentError `ConfigurationInvalid` for a URL that is none, and for plain http beyond loopback.
 */
export function agentSocketUrl(controlPlane: string, allowInsecure: boolean): URL {
  const url = controlPlaneUrl(controlPlane, allowInsecure);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.pathname = url.pathname.replace(/\/$/, '') + AGENT_SOCKET_PATH;
  return url;
}

/** @throws AgentError `ConfigurationInvalid`. */
export function controlPlaneUrl(text: string, allowInsecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AgentError('ConfigurationInvalid', `controlPlaneUrl: "${text}" is not an http or https URL`);
  }
  if (url.username !== '' || url.password !== '') throw new AgentError('ConfigurationInvalid', 'controlPlaneUrl: must hold no credentials');
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    throw new AgentError('ConfigurationInvalid', `controlPlaneUrl: plain http is accepted for loopback only, not for ${url.hostname}; use https, or allow it with --allow-insecure`);
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

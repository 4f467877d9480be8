/** The protocol's version. Raised when an old peer could misread a message; new optional fields do not raise it. */
export const PROTOCOL_VERSION = 1;

/** Path of the agents' WebSocket on the control plane. */
export const AGENT_SOCKET_PATH = '/agent/v1';
/** Path of the dashboard's WebSocket on the control plane. */
export const LIVE_SOCKET_PATH = '/api/v1/live';

/** Largest frame either end takes, in bytes. */
export const MAX_FRAME_BYTES = 256 * 1024;
/** Most events in one `events` frame. */
export const MAX_EVENTS_PER_FRAME = 200;

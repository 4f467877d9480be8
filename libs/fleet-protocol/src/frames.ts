import { z } from 'zod';
import { eventSchema } from './events.js';
import { desiredDocumentSchema, heartbeatSchema, machineFactsSchema, revisionSchema } from './machine.js';
import { lineSchema, machineIdSchema, machineNameSchema, nonceSchema, signatureSchema, timestampSchema } from './primitives.js';
import { MAX_EVENTS_PER_FRAME, MAX_FRAME_BYTES, PROTOCOL_VERSION } from './version.js';

const protocol = z.literal(PROTOCOL_VERSION);

// Order on a new socket: challenge → auth → welcome → hello → desired; then heartbeats, events, acks, desired at any time.

/** Control plane → agent, first frame: sign this nonce. */
export const challengeFrameSchema = z.object({ type: z.literal('challenge'), protocol, nonce: nonceSchema, serverTime: timestampSchema });
/** Agent → control plane: signature of {@link authMessage} with the machine key. */
export const authFrameSchema = z.object({ type: z.literal('auth'), protocol, machineId: machineIdSchema, signature: signatureSchema });
/** Control plane → agent: authenticated. */
export const welcomeFrameSchema = z.object({
  type: z.literal('welcome'),
  protocol,
  machineName: machineNameSchema,
  /** False while an operator has not approved the machine: it may stay connected and must not fetch. */
  approved: z.boolean(),
  heartbeatIntervalMs: z.number().int().min(250).max(600_000),
  /** Highest event sequence that is safe in the database; the agent goes on after it. */
  lastSequence: z.number().int().min(0),
  serverTime: timestampSchema,
});
export const helloFrameSchema = z.object({ type: z.literal('hello'), facts: machineFactsSchema, observedRevision: revisionSchema });
export const heartbeatFrameSchema = z.object({ type: z.literal('heartbeat'), heartbeat: heartbeatSchema });
export const eventsFrameSchema = z.object({ type: z.literal('events'), events: z.array(eventSchema).min(1).max(MAX_EVENTS_PER_FRAME) });
/** Control plane → agent: every event up to this sequence is committed and may leave the outbox. */
export const ackFrameSchema = z.object({ type: z.literal('ack'), sequence: z.number().int().min(0) });
export const desiredFrameSchema = z.object({ type: z.literal('desired'), revision: revisionSchema, document: desiredDocumentSchema });
/** Either way: the peer sent something not understood; the socket stays open. */
export const errorFrameSchema = z.object({ type: z.literal('error'), code: lineSchema(40), message: lineSchema(300) });

export const agentFrameSchema = z.discriminatedUnion('type', [authFrameSchema, helloFrameSchema, heartbeatFrameSchema, eventsFrameSchema, errorFrameSchema]);
export const serverFrameSchema = z.discriminatedUnion('type', [challengeFrameSchema, welcomeFrameSchema, ackFrameSchema, desiredFrameSchema, errorFrameSchema]);
export type AgentFrame = z.infer<typeof agentFrameSchema>;
export type ServerFrame = z.infer<typeof serverFrameSchema>;

/** WebSocket close codes of ours, with what the agent does about each. */
export const CLOSE_CODES = {
  /** Not JSON, or not of the schema. Reconnects with backoff. */
  malformed: 4400,
  /** No or a wrong answer to the challenge, or a frame before it. Reconnects with long backoff, shows the cause. */
  unauthenticated: 4401,
  /** The machine was revoked or is not known. Stops connecting until joined again; goes on proving. */
  revoked: 4403,
  /** No `auth` within the time allowed. */
  authTimeout: 4408,
  /** A newer connection of the same machine took over. */
  replaced: 4409,
  /** A frame above the size limit. */
  tooLarge: 4413,
  /** Protocol version not spoken here. */
  wrongVersion: 4426,
  /** Too many frames. */
  tooFast: 4429,
  /** The control plane goes down; come back after a moment. */
  goingAway: 4503,
} as const;

/** The text a machine signs to prove it holds its key, bound to this nonce and this machine. */
export const authMessage = (nonce: string, machineId: string): Uint8Array => new TextEncoder().encode(`provefleet-auth-v${PROTOCOL_VERSION}|${nonce}|${machineId}`);

export type FrameResult<T> = { readonly ok: true; readonly frame: T } | { readonly ok: false; readonly problem: 'too-large' | 'not-json' | 'wrong-version' | 'unknown-type' | 'invalid'; readonly message: string };

function parse<T>(schema: z.ZodType<T>, types: ReadonlySet<string>, text: string): FrameResult<T> {
  if (text.length > MAX_FRAME_BYTES) return { ok: false, problem: 'too-large', message: `frame is larger than ${MAX_FRAME_BYTES} bytes` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'not-json', message: 'frame is not JSON' };
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof value === 'object' && value !== null && 'protocol' in value && typeof value.protocol === 'number' && value.protocol !== PROTOCOL_VERSION) {
    return { ok: false, problem: 'wrong-version', message: `protocol: version ${value.protocol} is not spoken here, ${PROTOCOL_VERSION} is` };
  }
  if (typeof type !== 'string') return { ok: false, problem: 'invalid', message: 'type: must be a string' };
  if (!types.has(type)) return { ok: false, problem: 'unknown-type', message: `type: "${type.slice(0, 40)}" is not known` };
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, frame: result.data };
  const issue = result.error.issues[0];
  return { ok: false, problem: 'invalid', message: `${type}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`.slice(0, 300) };
}

const typesOf = (schema: { options: readonly { shape: { type: { value: string } } }[] }) => new Set(schema.options.map((option) => option.shape.type.value));
const AGENT_TYPES = typesOf(agentFrameSchema);
const SERVER_TYPES = typesOf(serverFrameSchema);

/** Checks a frame that came from an agent. Unknown fields are dropped, an unknown type is told apart from a bad frame. */
export const parseAgentFrame = (text: string): FrameResult<AgentFrame> => parse(agentFrameSchema, AGENT_TYPES, text);
/** Checks a frame that came from the control plane. */
export const parseServerFrame = (text: string): FrameResult<ServerFrame> => parse(serverFrameSchema, SERVER_TYPES, text);

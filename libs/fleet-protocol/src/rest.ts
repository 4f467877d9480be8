import { z } from 'zod';
import { eventSchema, stageTimeSchema } from './events.js';
import { desiredDocumentSchema, gaugesSchema, machineFactsSchema, nodeStatusSchema, observedConfigurationSchema, revisionSchema, workerStatusSchema } from './machine.js';
import { labelSchema, lineSchema, MACHINE_STATES, machineIdSchema, machineNameSchema, machineStateSchema, publicKeySchema, signatureSchema, taskOutcomeSchema, taskTypeSchema, timestampSchema } from './primitives.js';

// Bodies of `/api/v1`. Times are milliseconds since the epoch, durations milliseconds, sizes bytes, rates per minute.

/** RFC 9457 problem with our stable code and the id that is also in the log. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  correlationId: z.string(),
  /** Field at fault, for a body or query that was not valid. */
  field: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

export const healthSchema = z.object({ status: z.enum(['ok', 'degraded']), version: z.string(), database: z.enum(['up', 'down']), uptimeMs: z.number(), serverTime: timestampSchema });

export const loginBodySchema = z.object({ user: z.string().trim().min(1).max(200), password: z.string().min(1).max(1024) });
export const sessionSchema = z.object({ user: z.string(), role: z.enum(['viewer', 'operator', 'key-admin', 'admin']), expiresAt: timestampSchema });

/** The text a joining machine signs, so that nobody can enrol a key they do not hold. `tokenHash` is hex SHA-256 of the token. */
export const enrolMessage = (tokenHash: string, publicKey: string, sealingKey: string): Uint8Array => new TextEncoder().encode(`provefleet-enrol-v1|${tokenHash}|${publicKey}|${sealingKey}`);
export const enrolBodySchema = z.object({
  token: z.string().min(10).max(200),
  name: machineNameSchema,
  publicKey: publicKeySchema,
  sealingKey: publicKeySchema,
  signature: signatureSchema,
  facts: machineFactsSchema,
});
export const enrolledSchema = z.object({ machineId: machineIdSchema, name: machineNameSchema, approved: z.boolean(), revision: revisionSchema, document: desiredDocumentSchema });

export const createJoinTokenBodySchema = z.object({
  labels: z.array(labelSchema).max(20).default([]),
  uses: z.number().int().min(1).max(10_000).default(1),
  /** How long it works, in milliseconds: 5 minutes to 90 days. */
  lifetimeMs: z.number().int().min(300_000).max(7_776_000_000).default(86_400_000),
  requireApproval: z.boolean().default(false),
});
export const joinTokenSchema = z.object({
  id: z.uuid(),
  /** First characters, to recognise it by. The whole token is in the answer to its creation only. */
  prefix: z.string(),
  labels: z.array(z.string()),
  uses: z.number().int(),
  used: z.number().int(),
  requireApproval: z.boolean(),
  createdBy: z.string(),
  createdAt: timestampSchema,
  expiresAt: timestampSchema,
  revokedAt: timestampSchema.nullable(),
});
export const createdJoinTokenSchema = joinTokenSchema.extend({ token: z.string() });
export const joinTokenListSchema = z.object({ items: z.array(joinTokenSchema) });

export const machineSummarySchema = z.object({
  id: machineIdSchema,
  name: machineNameSchema,
  labels: z.array(z.string()),
  state: machineStateSchema,
  reason: z.string(),
  stateSince: timestampSchema,
  /** Null before the first heartbeat. */
  lastSeenAt: timestampSchema.nullable(),
  joinedAt: timestampSchema,
  desired: z.object({ revision: revisionSchema, document: desiredDocumentSchema }),
  observed: observedConfigurationSchema.nullable(),
  agentVersion: z.string(),
  cpuCores: z.number().int(),
  cpu: z.number().nullable(),
  memoryUsedBytes: z.number().nullable(),
  memoryTotalBytes: z.number(),
  /** Accepted proofs a minute over the last hour (or since joining, when later). */
  proofsPerMinute: z.number(),
  /** Accepted proofs a minute in 40 equal steps over the last hour, oldest first; null where nothing is known. */
  spark: z.array(z.number().nullable()),
  /** Proving time over the last hour; null without proofs. */
  provingMsP50: z.number().nullable(),
  provingMsP95: z.number().nullable(),
  /** 0 to 1: accepted of all settled over the last 24 hours; null without any. */
  successRate: z.number().nullable(),
});
export type MachineSummary = z.infer<typeof machineSummarySchema>;

export const MACHINE_SORTS = ['state', 'name', 'workers', 'proofsPerMinute', 'provingMsP50', 'lastSeenAt'] as const;
export const machineListQuerySchema = z.object({
  q: z.string().trim().max(100).optional(),
  /** Comma-separated states. */
  state: z.string().max(200).optional().transform((text, context) => {
    if (!text) return undefined;
    const states = text.split(',');
    const unknown = states.find((state) => !(MACHINE_STATES as readonly string[]).includes(state));
    if (unknown !== undefined) {
      context.addIssue({ code: 'custom', message: `"${unknown}" is not a state; states are ${MACHINE_STATES.join(', ')}` });
      return z.NEVER;
    }
    return states as (typeof MACHINE_STATES)[number][];
  }),
  sort: z.enum(MACHINE_SORTS).default('state'),
  order: z.enum(['asc', 'desc']).default('asc'),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const stateCountsSchema = z.record(machineStateSchema, z.number().int());
export const machineListSchema = z.object({
  items: z.array(machineSummarySchema),
  /** Machines that match the filter, over all pages. */
  total: z.number().int(),
  /** Machines in the fleet by state, whatever the filter. */
  byState: stateCountsSchema,
  nextCursor: z.string().nullable(),
});

export const machineDetailSchema = machineSummarySchema.extend({
  facts: machineFactsSchema.nullable(),
  publicKey: publicKeySchema,
  startedAt: timestampSchema.nullable(),
  gauges: gaugesSchema.nullable(),
  workers: z.array(workerStatusSchema),
  nodes: z.array(nodeStatusSchema),
  /** Counted over the last 24 hours. */
  outcomes: z.record(taskOutcomeSchema, z.number().int()),
  /** Over all time. */
  acceptedTotal: z.number().int(),
  /** Set when the machine was taken out of the fleet; it is in no list any more. */
  revokedAt: timestampSchema.nullable(),
  revisions: z.array(z.object({ revision: revisionSchema, document: desiredDocumentSchema, by: z.string(), reason: z.string(), at: timestampSchema })),
});
export type MachineDetail = z.infer<typeof machineDetailSchema>;

export const setDesiredBodySchema = z.object({
  workers: desiredDocumentSchema.shape.workers.optional(),
  paused: z.boolean().optional(),
  pauseNote: lineSchema(200).optional(),
  reason: lineSchema(200).default(''),
  /** Set to refuse the change with 409 when somebody else changed the machine meanwhile. */
  expectedRevision: revisionSchema.optional(),
});

/** Why an operator approves or revokes a machine; kept in the audit. */
export const reasonBodySchema = z.object({ reason: lineSchema(200).default('') });

export const RANGES = { '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Range = keyof typeof RANGES;
export const rangeQuerySchema = z.object({ range: z.enum(Object.keys(RANGES) as [Range, ...Range[]]).default('1h') });

const seriesPoints = z.array(z.number().nullable());
/** Equal steps from `from` to `to`; entry i covers [from + i·stepMs, from + (i+1)·stepMs). Null: unknown, not zero. */
export const machineSeriesSchema = z.object({
  from: timestampSchema,
  to: timestampSchema,
  stepMs: z.number().int(),
  proofsPerMinute: seriesPoints,
  provingMsP50: seriesPoints,
  provingMsP95: seriesPoints,
  cpu: seriesPoints,
  memoryUsedBytes: seriesPoints,
});

export const proofRecordSchema = z.object({
  machineId: machineIdSchema,
  machineName: z.string(),
  nodeId: z.string(),
  taskId: z.string(),
  program: z.string(),
  taskType: taskTypeSchema,
  difficulty: z.string(),
  input: z.string(),
  outcome: taskOutcomeSchema,
  reason: z.string(),
  code: z.string(),
  workerId: z.number().int().nullable(),
  provingMs: z.number().nullable(),
  stages: z.array(stageTimeSchema),
  proofBytes: z.number().int(),
  submitAttempts: z.number().int(),
  fetchedAt: timestampSchema,
  settledAt: timestampSchema,
});
export type ProofRecord = z.infer<typeof proofRecordSchema>;
export const pageQuerySchema = z.object({ cursor: z.string().max(300).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) });
export const eventQuerySchema = pageQuerySchema.extend({
  /** Routine events too: each task fetched and each proof accepted. */
  routine: z.enum(['true', 'false']).default('false').transform((text) => text === 'true'),
});
export const proofPageSchema = z.object({ items: z.array(proofRecordSchema), nextCursor: z.string().nullable() });

export const eventRecordSchema = z.object({ machineId: machineIdSchema, machineName: z.string(), event: eventSchema });
export type EventRecord = z.infer<typeof eventRecordSchema>;
export const eventPageSchema = z.object({ items: z.array(eventRecordSchema), nextCursor: z.string().nullable() });

/** Machines that are wrong for the same cause. */
export const problemGroupSchema = z.object({
  state: machineStateSchema,
  reason: z.string(),
  since: timestampSchema,
  machines: z.number().int(),
  /** Up to three, to recognise it by. */
  names: z.array(z.string()),
  /** Accepted proofs a minute the machines made in the hour before, and do not make now. */
  lostPerMinute: z.number(),
});
export const overviewSchema = z.object({
  range: z.enum(Object.keys(RANGES) as [Range, ...Range[]]),
  serverTime: timestampSchema,
  machines: z.number().int(),
  byState: stateCountsSchema,
  /** Accepted proofs a minute over the last 5 minutes. */
  proofsPerMinute: z.number(),
  /** Most accepted proofs in one minute of the range. */
  bestPerMinute: z.number(),
  provingMsP50: z.number().nullable(),
  provingMsP95: z.number().nullable(),
  /** 0 to 1 over the range; null when nothing settled. */
  successRate: z.number().nullable(),
  outcomes: z.record(taskOutcomeSchema, z.number().int()),
  series: z.object({ from: timestampSchema, to: timestampSchema, stepMs: z.number().int(), proofsPerMinute: seriesPoints, before: seriesPoints, accepted: seriesPoints, refused: seriesPoints, expired: seriesPoints }),
  problems: z.array(problemGroupSchema),
  events: z.array(eventRecordSchema),
});
export type Overview = z.infer<typeof overviewSchema>;

/** Server → dashboard on the live socket. A watcher that gets `resync` reads again by REST. */
export const liveFrameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), serverTime: timestampSchema }),
  /** Machines whose state or numbers changed, at most once a second each. */
  z.object({ type: z.literal('machines'), items: z.array(machineSummarySchema), byState: stateCountsSchema }),
  /** Newly stored events and settled tasks. */
  z.object({ type: z.literal('events'), items: z.array(eventRecordSchema) }),
  /** Fresh detail of the machine this socket watches. */
  z.object({ type: z.literal('machine'), machine: machineDetailSchema }),
  z.object({ type: z.literal('resync'), reason: z.string() }),
]);
export type LiveFrame = z.infer<typeof liveFrameSchema>;
/** Dashboard → server: watch one machine in detail (null: none). */
export const liveRequestSchema = z.object({ type: z.literal('watch'), machineId: machineIdSchema.nullable() });

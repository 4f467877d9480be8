import { z } from 'zod';
import { agentStateSchema, lineSchema, nodeIdSchema, timestampSchema, workerStateSchema } from './primitives.js';

/** Most workers one machine may be asked to run. */
export const MAX_WORKERS = 256;

/** What a machine is. Sent once per connection. */
export const machineFactsSchema = z.object({
  hostname: lineSchema(255),
  os: lineSchema(120),
  arch: lineSchema(20),
  cpuModel: lineSchema(120),
  cpuCores: z.number().int().min(1).max(4096),
  cpuFeatures: z.array(lineSchema(24)).max(64),
  memoryBytes: z.number().int().min(0),
  agentVersion: lineSchema(40),
  nodeVersion: lineSchema(40),
  prover: z.object({ backend: lineSchema(40), version: lineSchema(40), cpuBuild: lineSchema(40), securityBits: z.number().int().nullable() }),
});
export type MachineFacts = z.infer<typeof machineFactsSchema>;

/** What an operator wants of a machine. Every revision holds the whole document. */
export const desiredDocumentSchema = z.object({
  workers: z.union([z.number().int().min(0).max(MAX_WORKERS), z.literal('auto')]),
  paused: z.boolean(),
  /** Shown beside the state while paused. */
  pauseNote: lineSchema(200).default(''),
});
export type DesiredDocument = z.infer<typeof desiredDocumentSchema>;

export const revisionSchema = z.number().int().min(0);

/** What a machine reports of its own configuration. */
export const observedConfigurationSchema = z.object({
  /** The revision it runs; 0 before any was applied. */
  revision: revisionSchema,
  document: desiredDocumentSchema,
  /** Number of workers that run now. */
  workers: z.number().int().min(0).max(MAX_WORKERS),
  /** The newest revision it could not apply, with the field and the reason; null when none. */
  rejected: z.object({ revision: revisionSchema, field: lineSchema(80), reason: lineSchema(300) }).nullable(),
});
export type ObservedConfiguration = z.infer<typeof observedConfigurationSchema>;

export const workerStatusSchema = z.object({
  /** 1-based, stable while the worker exists. */
  id: z.number().int().min(1).max(MAX_WORKERS),
  state: workerStateSchema,
  taskId: lineSchema(128).nullable(),
  program: lineSchema(80).nullable(),
  stage: lineSchema(24).nullable(),
  /** When the present state began. */
  since: timestampSchema,
  restarts: z.number().int().min(0),
  /** Why it stopped or restarts; empty when well. */
  cause: lineSchema(300),
  memoryBytes: z.number().int().min(0),
});
export type WorkerStatus = z.infer<typeof workerStatusSchema>;

export const gaugesSchema = z.object({
  /** 0 to 1 over all cores, since the last heartbeat. */
  cpu: z.number().min(0).max(1),
  memoryUsedBytes: z.number().int().min(0),
  memoryTotalBytes: z.number().int().min(0),
  taskQueue: z.number().int().min(0),
  resultQueue: z.number().int().min(0),
  outboxProofs: z.number().int().min(0),
  outboxEvents: z.number().int().min(0),
  /** Longest delay of the agent's event loop since the last heartbeat, in milliseconds. */
  eventLoopDelayMs: z.number().min(0),
});

/** Counts since the agent process started. */
export const countersSchema = z.object({
  fetched: z.number().int().min(0),
  accepted: z.number().int().min(0),
  refused: z.number().int().min(0),
  expired: z.number().int().min(0),
  failed: z.number().int().min(0),
  workerRestarts: z.number().int().min(0),
  droppedEvents: z.number().int().min(0),
});

/** One node's view of the network. */
export const nodeStatusSchema = z.object({
  nodeId: nodeIdSchema,
  signingKey: z.string().regex(/^[0-9a-f]{64}$/),
  nextFetchAt: timestampSchema.nullable(),
  throttledUntil: timestampSchema.nullable(),
});

export const heartbeatSchema = z.object({
  at: timestampSchema,
  state: agentStateSchema,
  /** What an operator reads beside the state: the cause when something is wrong. */
  reason: lineSchema(300),
  /** When the state began. */
  since: timestampSchema,
  startedAt: timestampSchema,
  gauges: gaugesSchema,
  counters: countersSchema,
  workers: z.array(workerStatusSchema).max(MAX_WORKERS),
  nodes: z.array(nodeStatusSchema).max(256),
  observed: observedConfigurationSchema,
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

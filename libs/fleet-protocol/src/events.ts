import { z } from 'zod';
import { revisionSchema } from './machine.js';
import { agentStateSchema, lineSchema, nodeIdSchema, taskOutcomeSchema, taskTypeSchema, timestampSchema } from './primitives.js';

const base = {
  /** Rises by one for each event of a machine, for ever: the key of deduplication. */
  sequence: z.number().int().min(1),
  at: timestampSchema,
  level: z.enum(['info', 'warning', 'error']),
};

const task = {
  nodeId: nodeIdSchema,
  taskId: lineSchema(128),
  program: lineSchema(80),
  taskType: taskTypeSchema,
  difficulty: lineSchema(24),
};

export const stageTimeSchema = z.object({ stage: lineSchema(24), milliseconds: z.number().min(0) });

export const taskFetchedEventSchema = z.object({ ...base, kind: z.literal('task-fetched'), ...task, inputs: z.number().int().min(0) });

/** The end of a task: exactly one for each task fetched. */
export const taskSettledEventSchema = z.object({
  ...base,
  kind: z.literal('task-settled'),
  ...task,
  /** Readable form of the inputs, such as `9, 1, 1`; cut after 200 characters. */
  input: lineSchema(200),
  outcome: taskOutcomeSchema,
  /** Why it was refused, expired or failed; empty when accepted. */
  reason: lineSchema(500),
  /** Code of a prover error or the HTTP status of the last answer, as text; empty when accepted. */
  code: lineSchema(40),
  workerId: z.number().int().min(1).nullable(),
  /** Wall time of proving; null when no proof was made. */
  provingMs: z.number().min(0).nullable(),
  stages: z.array(stageTimeSchema).max(16),
  proofBytes: z.number().int().min(0),
  submitAttempts: z.number().int().min(0),
  fetchedAt: timestampSchema,
  settledAt: timestampSchema,
});
export type TaskSettledEvent = z.infer<typeof taskSettledEventSchema>;

export const workerEventSchema = z.object({
  ...base,
  kind: z.literal('worker'),
  workerId: z.number().int().min(1),
  change: z.enum(['started', 'stopped', 'crashed', 'out-of-memory', 'hung', 'crash-loop']),
  cause: lineSchema(300),
});

export const stateEventSchema = z.object({ ...base, kind: z.literal('state'), from: agentStateSchema, to: agentStateSchema, reason: lineSchema(300) });

export const configurationEventSchema = z.object({
  ...base,
  kind: z.literal('configuration'),
  revision: revisionSchema,
  result: z.enum(['applied', 'rejected']),
  field: lineSchema(80),
  reason: lineSchema(300),
});

export const throttledEventSchema = z.object({ ...base, kind: z.literal('throttled'), nodeId: nodeIdSchema, until: timestampSchema, reason: lineSchema(300) });

export const agentEventSchema = z.object({ ...base, kind: z.literal('agent'), change: z.enum(['started', 'draining', 'stopped']), reason: lineSchema(300) });

export const eventSchema = z.discriminatedUnion('kind', [
  taskFetchedEventSchema, taskSettledEventSchema, workerEventSchema, stateEventSchema, configurationEventSchema, throttledEventSchema, agentEventSchema,
]);
export type FleetEvent = z.infer<typeof eventSchema>;
export type FleetEventKind = FleetEvent['kind'];

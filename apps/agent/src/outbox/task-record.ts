import { createHash } from 'node:crypto';
import { stageTimeSchema, taskTypeSchema } from '@provefleet/fleet-protocol';
import { DIFFICULTIES, type Difficulty } from '@provefleet/scheduling';
import { z } from 'zod';
import { decodeRecordFile, encodeRecordFile } from './record-file.js';

/** A task the orchestrator handed to one of this machine's nodes and that has not come to an end. */
export interface TaskRecord {
  readonly nodeId: string;
  readonly taskId: string;
  readonly program: string;
  readonly inputs: readonly Uint8Array[];
  readonly taskType: z.infer<typeof taskTypeSchema>;
  readonly difficulty: Difficulty;
  /** When the server made it, by the server's clock; null when it did not say. Milliseconds since the epoch. */
  readonly createdAt: number | null;
  /** When it was fetched, by this machine's clock. */
  readonly fetchedAt: number;
}

/** A task with its finished proofs. */
export interface ProofRecord extends TaskRecord {
  /** One for each input, in input order. */
  readonly proofs: readonly Uint8Array[];
  /** From the first input's start to the last one's end, milliseconds. */
  readonly provingMs: number;
  readonly stages: readonly z.infer<typeof stageTimeSchema>[];
  readonly workerId: number;
}

const taskHeader = z.object({
  nodeId: z.string(),
  taskId: z.string(),
  program: z.string(),
  taskType: taskTypeSchema,
  difficulty: z.enum(DIFFICULTIES),
  createdAt: z.number().nullable(),
  fetchedAt: z.number(),
});
const proofHeader = taskHeader.extend({
  inputs: z.number().int().min(0),
  provingMs: z.number(),
  stages: z.array(stageTimeSchema),
  workerId: z.number().int(),
});

/** Name of a task's files. Ids come from outside and may hold anything, so it is a hash of them. */
export function taskKey(nodeId: string, taskId: string): string {
  return createHash('sha256').update(`${nodeId.length}:${nodeId}${taskId}`).digest('hex').slice(0, 40);
}

export function encodeTask(record: TaskRecord): Buffer {
  const { inputs, ...header } = record;
  return encodeRecordFile({ header, blobs: inputs });
}

export function decodeTask(content: Buffer): TaskRecord | null {
  const file = decodeRecordFile(content);
  const parsed = taskHeader.safeParse(file?.header);
  return file && parsed.success ? { ...parsed.data, inputs: file.blobs } : null;
}

export function encodeProof(record: ProofRecord): Buffer {
  const { inputs, proofs, ...header } = record;
  return encodeRecordFile({ header: { ...header, inputs: inputs.length }, blobs: [...inputs, ...proofs] });
}

export function decodeProof(content: Buffer): ProofRecord | null {
  const file = decodeRecordFile(content);
  const parsed = proofHeader.safeParse(file?.header);
  if (!file || !parsed.success) return null;
  const { inputs, ...header } = parsed.data;
  return { ...header, inputs: file.blobs.slice(0, inputs), proofs: file.blobs.slice(inputs) };
}

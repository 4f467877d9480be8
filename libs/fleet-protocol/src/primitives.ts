import { z } from 'zod';

/** Milliseconds since the epoch. */
export const timestampSchema = z.number().int().min(0).max(8_640_000_000_000_000);

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `must be ${bytes} bytes of lower-case hex`);
/** Ed25519 or X25519 public key. */
export const publicKeySchema = hex(32);
export const signatureSchema = hex(64);
export const nonceSchema = hex(32);

export const machineIdSchema = z.uuid();
/** A machine's name: what operators see; unique within the fleet. */
export const machineNameSchema = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,62})$/, 'must be 1 to 63 letters, digits, dots, dashes or underscores, and begin with a letter or digit');
export const nodeIdSchema = z.string().min(1).max(64).regex(/^[\x21-\x7e]+$/, 'must be printable, without spaces');
export const labelSchema = z.string().min(1).max(40).regex(/^[\p{L}\p{N}][\p{L}\p{N} ._:=-]*$/u, 'must be letters, digits, spaces or . _ : = -');

/** One text line of bounded length; control characters and halves of surrogate pairs (no database stores those) are refused. */
export const lineSchema = (max: number) => z.string().max(max).regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

/** States of a machine, worst first: a machine shows the first that applies. */
export const MACHINE_STATES = [
  'failing', 'low-memory', 'offline', 'blocked', 'throttled', 'pending', 'draining', 'paused', 'idle', 'no-work', 'proving',
] as const;
export const machineStateSchema = z.enum(MACHINE_STATES);
export type MachineState = z.infer<typeof machineStateSchema>;

/** States an agent can report of itself; `offline` and `pending` are the control plane's own finding. */
export const agentStateSchema = machineStateSchema.exclude(['offline', 'pending']);
export type AgentState = z.infer<typeof agentStateSchema>;

export const WORKER_STATES = ['starting', 'idle', 'proving', 'stopping', 'stopped', 'failing'] as const;
export const workerStateSchema = z.enum(WORKER_STATES);

export const TASK_OUTCOMES = ['accepted', 'refused', 'expired', 'failed'] as const;
/**
 * How a task ended. `accepted`: by the network. `refused`: finally refused by the network. `expired`: its deadline
 * passed. `failed`: no proof could be made (the error code says why).
 */
export const taskOutcomeSchema = z.enum(TASK_OUTCOMES);
export type TaskOutcome = z.infer<typeof taskOutcomeSchema>;

export const taskTypeSchema = z.enum(['PROOF_REQUIRED', 'PROOF_HASH', 'ALL_PROOF_HASHES']);

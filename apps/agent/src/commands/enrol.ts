import { createHash } from 'node:crypto';
import { enrolledSchema, enrolMessage, problemSchema, type MachineFacts } from '@provefleet/fleet-protocol';
import type { z } from 'zod';
import { AgentError, messageOf } from '../errors.js';
import type { MachineIdentity } from '../identity/keys.js';

const TIMEOUT_MS = 20_000;

export interface EnrolRequest {
  readonly url: URL;
  readonly token: string;
  readonly name: string;
  readonly identity: MachineIdentity;
  readonly facts: MachineFacts;
}

/**
 * Asks the control plane to take this machine, proving that it holds its key.
 * @throws AgentError `JoinRefused` with the control plane's reason, `Unreachable`.
 */
export async function enrol({ url, token, name, identity, facts }: EnrolRequest): Promise<z.infer<typeof enrolledSchema>> {
  const target = new URL(`${url.pathname.replace(/\/$/, '')}/api/v1/enrol`, url);
  const publicKey = identity.machine.publicKeyHex;
  const sealingKey = identity.sealing.publicKeyHex;
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const signature = Buffer.from(identity.machine.sign(enrolMessage(tokenHash, publicKey, sealingKey))).toString('hex');
  const response = await post(target, { token, name, publicKey, sealingKey, signature, facts });
  const body = await jsonOf(response);
  if (!response.ok) {
    const problem = problemSchema.safeParse(body);
    const why = problem.success ? `${problem.data.detail} (${problem.data.code})` : `status ${response.status}`;
    throw new AgentError('JoinRefused', `${target.origin} did not take this machine: ${why}`);
  }
  const enrolled = enrolledSchema.safeParse(body);
  if (!enrolled.success) {
    const issue = enrolled.error.issues[0];
    throw new AgentError('JoinRefused', `the answer of ${target.origin} is not understood: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? ''}; is it a Provefleet control plane of this version?`);
  }
  return enrolled.data;
}

async function post(target: URL, body: unknown): Promise<Response> {
  try {
    return await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    throw new AgentError('Unreachable', `cannot reach the control plane at ${target.origin}: ${cause}`, { cause: error });
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw new AgentError('Unreachable', `the control plane's answer broke off: ${messageOf(error)}`, { cause: error });
  }
}

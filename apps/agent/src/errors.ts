/**
 * Every failure that can stop an agent or a command of it. What is not in this table never stops an agent: proving
 * errors end one task, network errors are waited out, a failing disk pauses proving, a crashed worker is started again.
 */
export const AGENT_ERRORS = {
  Usage: { exitCode: 2, why: 'the command line or an environment variable cannot be understood' },
  ConfigurationInvalid: { exitCode: 3, why: 'the local configuration is wrong; running with a guess could lose work' },
  NotJoined: { exitCode: 3, why: 'there is no configuration yet; join first' },
  BackendNotForNetwork: { exitCode: 3, why: 'the network would refuse every proof this backend makes' },
  StateUnsafe: { exitCode: 4, why: 'others could read the keys' },
  StateLocked: { exitCode: 4, why: 'another agent uses the same state directory' },
  StateUnusable: { exitCode: 4, why: 'the state directory cannot be read or written' },
  KeyInvalid: { exitCode: 4, why: 'a key file is damaged; going on would replace an identity silently' },
  JoinRefused: { exitCode: 5, why: 'the control plane did not take the machine' },
  Unreachable: { exitCode: 6, why: 'a command needs a server that does not answer' },
  ProofInvalid: { exitCode: 1, why: 'a proof given to the verify command does not hold' },
  ProvingFailed: { exitCode: 1, why: 'a proof asked for on the command line could not be made' },
} as const satisfies Record<string, { exitCode: number; why: string }>;

export type AgentErrorCode = keyof typeof AGENT_ERRORS;

/** A failure an operator must act on: one sentence, no stack. */
export class AgentError extends Error {
  override readonly name = 'AgentError';

  constructor(readonly code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }

  get exitCode(): number {
    return AGENT_ERRORS[this.code].exitCode;
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Text made fit for a protocol line: control characters to spaces, cut at `max` characters. */
export function line(text: string, max: number): string {
  const clean = text.replace(/\p{Cc}+/gu, ' ').trim();
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}

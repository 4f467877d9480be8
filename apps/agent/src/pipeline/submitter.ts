import { buildSubmission, nodeTelemetry, OrchestratorError, type MachineTelemetry, type OrchestratorClient, type SubmitProofRequest } from '@provefleet/orchestrator-client';
import { decideSubmit, type CircuitBreaker, type TimingProfile } from '@provefleet/scheduling';
import { pause, type AgentClock, type Notice } from '../clock.js';
import type { Logger } from '../logging.js';
import type { Outbox } from '../outbox/outbox.js';
import type { ProverNode, Submission } from './node.js';
import type { Settlement } from './settlement.js';

export interface SubmitterDependencies {
  readonly client: Pick<OrchestratorClient, 'submitProof'>;
  readonly profile: TimingProfile;
  readonly circuit: CircuitBreaker;
  readonly outbox: Pick<Outbox, 'markSent'>;
  readonly settlement: Settlement;
  readonly clock: AgentClock;
  readonly logger: Logger;
  readonly telemetry: () => Promise<MachineTelemetry>;
  readonly changed: Notice;
}

const LONGEST_SLEEP_MS = 1000;
/** While somebody else probes a broken orchestrator there is no time to wait for. */
const PROBE_POLL_MS = 500;

/** Submits of one node that may be under way together: a network far away must not make proofs queue up. */
const MOST_UNDER_WAY = 4;

/** Hands one node's finished proofs in, oldest first, until the network has accepted or finally refused each of them. */
export class Submitter {
  private readonly underWay = new Set<Promise<void>>();
  private fault: { readonly error: unknown } | null = null;

  constructor(private readonly node: ProverNode, private readonly deps: SubmitterDependencies) {}

  /** Runs until the signal is aborted; attempts under way are then finished first. */
  async run(signal: AbortSignal, hardStop: AbortSignal): Promise<void> {
    const { clock, changed } = this.deps;
    this.fault = null;
    while (!signal.aborted) {
      this.throwFault();
      const next = this.underWay.size < MOST_UNDER_WAY ? this.earliest() : null;
      if (next === null) {
        await changed.next(signal);
        continue;
      }
      const wait = this.waitFor(next);
      if (wait > 0) {
        await pause(clock, Math.min(LONGEST_SLEEP_MS, wait), signal);
        continue;
      }
      this.begin(next, hardStop);
    }
    await Promise.all(this.underWay);
    this.throwFault();
  }

  private begin(submission: Submission, hardStop: AbortSignal): void {
    submission.busy = true;
    const attempt = this.submit(submission, hardStop)
      .catch((error: unknown) => {
        this.fault ??= { error };
      })
      .finally(() => {
        submission.busy = false;
        this.underWay.delete(attempt);
        this.deps.changed.notify();
      });
    this.underWay.add(attempt);
  }

  private throwFault(): void {
    const { fault } = this;
    this.fault = null;
    if (fault !== null) throw fault.error;
  }

  private earliest(): Submission | null {
    const idle = this.node.results.filter(({ busy }) => !busy);
    return idle.reduce<Submission | null>((first, each) => (first === null || each.notBefore < first.notBefore ? each : first), null);
  }

  /** Milliseconds until it may be sent, and the right to send it when that is 0. */
  private waitFor(submission: Submission): number {
    const { clock, circuit } = this.deps;
    const at = Math.max(submission.notBefore, this.node.submitTimer.nextAt());
    // Read after `at`, which is never in the past of its own reading of the clock.
    const now = clock.now();
    if (at > now) return at - now;
    if (!circuit.tryPass()) return Number.isFinite(circuit.nextAt()) ? Math.max(1, circuit.nextAt() - now) : PROBE_POLL_MS;
    this.node.submitTimer.record();
    return 0;
  }

  private async submit(submission: Submission, hardStop: AbortSignal): Promise<void> {
    const { client, circuit, outbox, settlement } = this.deps;
    const { record } = submission;
    if (this.remainingMs(submission) <= 0) {
      circuit.cancelled();
      await this.end(submission, 'expired', 'DeadlineExceeded', 'its time was over before the network took it');
      return;
    }
    if (submission.attempts === 0) await outbox.markSent(record);
    const message = await this.build(submission);
    submission.attempts++;
    try {
      await client.submitProof(message, hardStop);
    } catch (error) {
      if (!(error instanceof OrchestratorError)) throw error;
      await this.failed(submission, error);
      return;
    }
    circuit.answered();
    this.remove(submission);
    await settlement.end(record, { outcome: 'accepted', reason: '', code: '', submitAttempts: submission.attempts, workerId: null });
  }

  private async build({ record }: Submission): Promise<SubmitProofRequest> {
    const { key } = this.node;
    return buildSubmission({
      taskId: record.taskId,
      taskType: record.taskType,
      proofs: record.proofs,
      key: { publicKey: key.publicKey, secretKey: key.exposeSecret() },
      telemetry: nodeTelemetry(await this.deps.telemetry()),
    });
  }

  private async failed(submission: Submission, error: OrchestratorError): Promise<void> {
    const { circuit, clock, profile, logger } = this.deps;
    if (error.code === 'Aborted') {
      circuit.cancelled();
      submission.uncertain ||= error.uncertain;
      return;
    }
    const attempt = { attempts: submission.attempts, earlierUncertain: submission.uncertain, remainingMs: this.remainingMs(submission) };
    const decision = decideSubmit(profile.submit, error, attempt, clock.random());
    submission.uncertain ||= error.uncertain;
    if (decision.action === 'retry' && decision.everybody && error.status !== 429) circuit.failed();
    else circuit.answered();
    const code = error.status === undefined ? error.code : String(error.status);
    switch (decision.action) {
      case 'retry':
        submission.notBefore = clock.now() + decision.delayMs;
        if (decision.everybody) this.node.submitTimer.delay(decision.delayMs);
        logger.warn({ nodeId: this.node.id, taskId: submission.record.taskId, code, attempt: submission.attempts, retryInMs: Math.round(decision.delayMs) }, `submit failed, will be repeated: ${error.message}`);
        return;
      case 'accepted-before':
        await this.end(submission, 'accepted', code, `an earlier attempt had got through; this one was told: ${decision.reason}`);
        return;
      case 'refused':
      case 'expired':
        await this.end(submission, decision.action, code, decision.reason);
    }
  }

  private async end(submission: Submission, outcome: 'accepted' | 'refused' | 'expired', code: string, reason: string): Promise<void> {
    this.remove(submission);
    await this.deps.settlement.end(submission.record, { outcome, code, reason, submitAttempts: submission.attempts, workerId: null });
  }

  private remove(submission: Submission): void {
    this.node.results.splice(this.node.results.indexOf(submission), 1);
  }

  private remainingMs({ record }: Submission): number {
    return record.fetchedAt + this.deps.profile.submit.lifetimeMs - this.deps.clock.wallNow();
  }
}

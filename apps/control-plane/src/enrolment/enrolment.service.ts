import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type DesiredDocument, enrolMessage } from '@provefleet/fleet-protocol';
import { RequestError, RequestErrorCode } from '../api/request.error.js';
import type { RouteInput, RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { KeyedRateLimit } from '../api/token-bucket.js';
import { hashSecret, newSecret } from '../auth/secrets.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { EnrolmentError, EnrolmentErrorCode } from './enrolment.error.js';
import { EnrolmentRepository, type JoinToken } from './enrolment.repository.js';
import { verifyMachineSignature } from './machine-keys.js';

/** What a machine does until an operator says otherwise. */
const FIRST_DOCUMENT: DesiredDocument = { workers: 'auto', paused: false, pauseNote: '' };
/** Begins every join token, so that one in a log or a shell history is recognised, and never looks like an option. */
const TOKEN_MARK = 'pfj_';
const PREFIX_LENGTH = TOKEN_MARK.length + 6;
/** Longest machine name, by the protocol. */
const MAX_NAME = 63;
/** Failed joins from one address: 20 at once, then one every 3 s. */
const FAILURES_AT_ONCE = 20;
const FAILURES_PER_SECOND = 1 / 3;

@Injectable()
export class EnrolmentService {
  private readonly failures: KeyedRateLimit;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly enrolment: EnrolmentRepository,
    private readonly changes: FleetChanges,
  ) {
    this.failures = new KeyedRateLimit(FAILURES_AT_ONCE, FAILURES_PER_SECOND, clock);
  }

  async listTokens(): Promise<RouteOutput<Routes['listJoinTokens']>> {
    return { items: await this.enrolment.listTokens() };
  }

  /** Makes a join token. The token itself is in the answer and nowhere else. */
  async createToken({ labels, uses, lifetimeMs, requireApproval }: RouteInput<Routes['createJoinToken']>['body'], createdBy: string): Promise<RouteOutput<Routes['createJoinToken']>> {
    const token = `${TOKEN_MARK}${newSecret()}`;
    const createdAt = this.clock();
    const record = { id: randomUUID(), prefix: token.slice(0, PREFIX_LENGTH), labels: [...new Set(labels)], uses, requireApproval, createdBy, createdAt, expiresAt: createdAt + lifetimeMs };
    const created = await this.enrolment.createToken(record, hashSecret(token), {
      at: new Date(createdAt), actor: createdBy, action: 'join-token-created', target: `join token ${record.id}`, after: { labels: record.labels, uses, requireApproval, expiresAt: record.expiresAt },
    });
    return { ...created, token };
  }

  /** @throws {EnrolmentError} `join-token-not-found` */
  async revokeToken(id: string, actor: string): Promise<void> {
    const at = new Date(this.clock());
    const isKnown = await this.enrolment.revokeToken(id, at, { at, actor, action: 'join-token-revoked', target: `join token ${id}` });
    if (!isKnown) throw new EnrolmentError(EnrolmentErrorCode.tokenNotFound, `There is no join token ${id}.`);
  }

  /**
   * Lets a machine into the fleet. The same key joining again is the same machine and spends no use of the token; a
   * revoked machine comes back with a use of a valid token.
   * @param address where the request came from, for the rate limit
   * @throws {EnrolmentError} when the token or the signature is not good
   * @throws {RequestError} `too-many-requests`
   */
  async enrol({ token: secret, signature, ...applicant }: RouteInput<Routes['enrol']>['body'], address: string): Promise<RouteOutput<Routes['enrol']>> {
    if (!this.failures.take(address)) throw new RequestError(RequestErrorCode.tooMany, 'Too many failed joins from this address. Try again in a minute.');
    const tokenHash = hashSecret(secret);
    if (!verifyMachineSignature(applicant.publicKey, enrolMessage(Buffer.from(tokenHash).toString('hex'), applicant.publicKey, applicant.sealingKey), signature)) {
      throw new EnrolmentError(EnrolmentErrorCode.signatureInvalid, 'The signature does not fit the public key and the token.', 'body.signature');
    }
    const token = this.requireUsable(await this.enrolment.findToken(tokenHash));
    const machine = (await this.enrolment.rejoin(applicant)) ?? (await this.admit(token, applicant));
    this.failures.giveBack(address);
    this.logger.info({ machineId: machine.id, machine: machine.name, tokenPrefix: token.prefix }, 'a machine joined');
    this.changes.machines.emit([machine.id]);
    return { machineId: machine.id, name: machine.name, approved: machine.isApproved, revision: machine.revision, document: machine.document };
  }

  private async admit(token: JoinToken, applicant: Parameters<EnrolmentRepository['rejoin']>[0]) {
    const at = new Date(this.clock());
    const machine = await this.enrolment.join(token, applicant, {
      id: randomUUID(),
      names: namesLike(applicant.name),
      document: FIRST_DOCUMENT,
      at,
      entry: { at, actor: '', action: 'machine-joined', target: '', after: { joinToken: token.id, labels: token.labels, requireApproval: token.requireApproval } },
    });
    if (!machine) throw new EnrolmentError(EnrolmentErrorCode.tokenUsedUp, `The join token ${token.prefix}… has been used ${token.uses} times, as often as it may. Make a new one.`, 'body.token');
    return machine;
  }

  private requireUsable(token: JoinToken | null): JoinToken {
    if (!token) throw new EnrolmentError(EnrolmentErrorCode.tokenUnknown, 'The join token is not known here. Check that it was copied whole, and the address of the control plane.', 'body.token');
    if (token.revokedAt !== null) throw new EnrolmentError(EnrolmentErrorCode.tokenRevoked, `The join token ${token.prefix}… was revoked. Make a new one.`, 'body.token');
    if (token.expiresAt <= this.clock()) throw new EnrolmentError(EnrolmentErrorCode.tokenExpired, `The join token ${token.prefix}… has expired. Make a new one.`, 'body.token');
    return token;
  }
}

/** The wished name, then `name-2`, `name-3` and so on, cut to the longest a name may be. */
export function* namesLike(name: string): Generator<string> {
  yield name;
  for (let number = 2; number < 10_000; number++) {
    const suffix = `-${number}`;
    yield `${name.slice(0, MAX_NAME - suffix.length)}${suffix}`;
  }
}

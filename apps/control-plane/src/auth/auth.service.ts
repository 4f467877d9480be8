import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { KeyedRateLimit } from '../api/token-bucket.js';
import { RequestError, RequestErrorCode } from '../api/request.error.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { UsersRepository } from '../users/users.repository.js';
import { AuthError, AuthErrorCode } from './auth.error.js';
import { AuthRepository, type Session } from './auth.repository.js';
import { verifyPassword } from './passwords.js';
import { hashSecret, newSecret } from './secrets.js';

export const SESSION_LIFETIME_MS = 7 * 86_400_000;
/** Ended sessions are kept this long, for whoever looks into a break-in. */
const KEEP_ENDED_MS = 30 * 86_400_000;
/** Wrong passwords from one address: 10 at once, then one every 6 s. */
const FAILURES_AT_ONCE = 10;
const FAILURES_PER_SECOND = 1 / 6;

@Injectable()
export class AuthService {
  private readonly failures: KeyedRateLimit;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly users: UsersRepository,
    private readonly sessions: AuthRepository,
    private readonly changes: FleetChanges,
  ) {
    this.failures = new KeyedRateLimit(FAILURES_AT_ONCE, FAILURES_PER_SECOND, clock);
  }

  /**
   * Checks a password and opens a session.
   * @param address where the request came from, for the rate limit
   * @returns the session and its token, which only the caller ever sees
   * @throws {AuthError} `invalid-credentials`, the same for a wrong user and a wrong password
   * @throws {RequestError} `too-many-requests`
   */
  async login(name: string, password: string, address: string): Promise<{ session: Session; token: string }> {
    // Taken before the slow check, so that parallel tries count too; a right password gives it back.
    if (!this.failures.take(address)) throw new RequestError(RequestErrorCode.tooMany, 'Too many wrong passwords from this address. Try again in a minute.');
    const user = await this.users.findByName(name);
    const isRight = await verifyPassword(user?.passwordHash, password);
    const at = new Date(this.clock());
    if (!user || !isRight) {
      // The name as typed is not kept: it may be a password in the wrong field.
      await this.sessions.record({ at, actor: user?.name ?? 'unknown', action: 'login-failed', target: `user ${user?.name ?? 'unknown'}`, after: { address } });
      throw new AuthError(AuthErrorCode.invalidCredentials, 'User or password is wrong.');
    }
    this.failures.giveBack(address);
    const token = newSecret();
    const session: Session = { id: randomUUID(), user: user.name, role: user.role, expiresAt: at.getTime() + SESSION_LIFETIME_MS };
    await this.sessions.createSession(
      { id: session.id, tokenHash: hashSecret(token), userId: user.id, createdAt: at, expiresAt: new Date(session.expiresAt) },
      { at, actor: user.name, action: 'login', target: `user ${user.name}`, after: { address } },
      new Date(at.getTime() - KEEP_ENDED_MS),
    );
    return { session, token };
  }

  /** The session of a cookie's token; null when there is none, or it ended. */
  async authenticate(token: string | undefined): Promise<Session | null> {
    return token === undefined ? null : this.sessions.findSession(hashSecret(token), new Date(this.clock()));
  }

  /** Ends a session on the server, and with it the live sockets that were opened by it. */
  async logout(session: Session): Promise<void> {
    const at = new Date(this.clock());
    await this.sessions.endSession(session.id, at, { at, actor: session.user, action: 'logout', target: `user ${session.user}` });
    this.changes.sessionEnded.emit(session.id);
  }
}

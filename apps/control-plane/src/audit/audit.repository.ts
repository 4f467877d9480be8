import { Injectable } from '@nestjs/common';
import type { Database } from '../database/prisma.service.js';

export interface AuditEntry {
  readonly at: Date;
  /** Who did it: a user's name, or `machine <name>`. */
  readonly actor: string;
  readonly action: AuditAction;
  /** What it was done to, such as `machine 0b9f…` or `user admin`. */
  readonly target: string;
  readonly before?: object;
  readonly after?: object;
  readonly reason?: string;
}

export type AuditAction =
  | 'user-created' | 'login' | 'login-failed' | 'logout' | 'join-token-created' | 'join-token-revoked' | 'machine-joined' | 'machine-approved' | 'machine-revoked' | 'desired-changed';

@Injectable()
export class AuditRepository {
  /** Writes an entry on the given database; inside a transaction it stands or falls with the change it tells of. */
  async write(database: Database, { at, actor, action, target, before, after, reason = '' }: AuditEntry): Promise<void> {
    await database.auditEntry.create({ data: { at, actor, action, target, before, after, reason } });
  }
}

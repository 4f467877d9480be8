import { Injectable } from '@nestjs/common';
import { type AuditEntry, AuditRepository } from '../audit/audit.repository.js';
import { PrismaService } from '../database/prisma.service.js';
import { roleOf } from '../users/users.repository.js';
import type { Role } from './permissions.js';

export interface Session {
  readonly id: string;
  readonly user: string;
  readonly role: Role;
  readonly expiresAt: number;
}

@Injectable()
export class AuthRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly audit: AuditRepository,
  ) {}

  /** Stores a session by the hash of its token, and removes those that ended long ago. */
  async createSession(session: { id: string; tokenHash: Uint8Array<ArrayBuffer>; userId: string; createdAt: Date; expiresAt: Date }, entry: AuditEntry, forgetBefore: Date): Promise<void> {
    await this.prisma.transaction(async (tx) => {
      await tx.session.deleteMany({ where: { expiresAt: { lt: forgetBefore } } });
      await tx.session.create({ data: session });
      await this.audit.write(tx, entry);
    });
  }

  /** The session of a token, unless it was ended or has expired. */
  async findSession(tokenHash: Uint8Array<ArrayBuffer>, now: Date): Promise<Session | null> {
    const session = await this.prisma.client.session.findUnique({ where: { tokenHash, revokedAt: null, expiresAt: { gt: now } }, include: { user: true } });
    return session && { id: session.id, user: session.user.name, role: roleOf(session.user.role), expiresAt: session.expiresAt.getTime() };
  }

  async endSession(id: string, at: Date, entry: AuditEntry): Promise<void> {
    await this.prisma.transaction(async (tx) => {
      await tx.session.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
      await this.audit.write(tx, entry);
    });
  }

  async record(entry: AuditEntry): Promise<void> {
    await this.audit.write(this.prisma.client, entry);
  }
}

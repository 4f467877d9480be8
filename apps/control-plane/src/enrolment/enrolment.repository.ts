import { Injectable } from '@nestjs/common';
import type { DesiredDocument, MachineFacts } from '@provefleet/fleet-protocol';
import { type AuditEntry, AuditRepository } from '../audit/audit.repository.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { type Database, PrismaService } from '../database/prisma.service.js';
import type { JoinToken as StoredToken } from '../generated/prisma/client.js';

export interface JoinToken {
  readonly id: string;
  readonly prefix: string;
  readonly labels: string[];
  readonly uses: number;
  readonly used: number;
  readonly requireApproval: boolean;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

export interface Applicant {
  readonly name: string;
  readonly publicKey: string;
  readonly sealingKey: string;
  readonly facts: MachineFacts;
}

export interface JoinedMachine {
  readonly id: string;
  readonly name: string;
  readonly isApproved: boolean;
  readonly revision: number;
  readonly document: DesiredDocument;
}

const toToken = ({ tokenHash: _secret, createdAt, expiresAt, revokedAt, ...token }: StoredToken): JoinToken => ({
  ...token,
  createdAt: createdAt.getTime(),
  expiresAt: expiresAt.getTime(),
  revokedAt: revokedAt?.getTime() ?? null,
});

/** The token was spent, revoked or expired since it was read. */
class TokenSpent extends Error {}

@Injectable()
export class EnrolmentRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly audit: AuditRepository,
  ) {}

  async listTokens(): Promise<JoinToken[]> {
    return (await this.prisma.client.joinToken.findMany({ orderBy: { createdAt: 'desc' }, take: 500 })).map(toToken);
  }

  async createToken(token: Omit<JoinToken, 'used' | 'revokedAt'>, tokenHash: Uint8Array<ArrayBuffer>, entry: AuditEntry): Promise<JoinToken> {
    return this.prisma.transaction(async (tx) => {
      const created = await tx.joinToken.create({ data: { ...token, tokenHash, createdAt: new Date(token.createdAt), expiresAt: new Date(token.expiresAt) } });
      await this.audit.write(tx, entry);
      return toToken(created);
    });
  }

  /** Revokes a token; false when there is none. A second revocation keeps the first's time. */
  async revokeToken(id: string, at: Date, entry: AuditEntry): Promise<boolean> {
    return this.prisma.transaction(async (tx) => {
      const { count } = await tx.joinToken.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
      if (count > 0) await this.audit.write(tx, entry);
      return count > 0 || (await tx.joinToken.findUnique({ where: { id } })) !== null;
    });
  }

  async findToken(tokenHash: Uint8Array<ArrayBuffer>): Promise<JoinToken | null> {
    const token = await this.prisma.client.joinToken.findUnique({ where: { tokenHash } });
    return token && toToken(token);
  }

  /** The machine in the fleet with this key, with its facts brought up to date. */
  async rejoin({ publicKey, sealingKey, facts }: Applicant): Promise<JoinedMachine | null> {
    const { count } = await this.prisma.client.machine.updateMany({ where: { publicKey, revokedAt: null }, data: { facts, sealingKey } });
    return count > 0 ? this.findByKey(this.prisma.client, publicKey) : null;
  }

  /**
   * Spends one use of a token and makes the machine, or brings a revoked one back, in one transaction.
   * @param names wished name first, then what to take when another machine has it
   * @returns null when the token was spent, revoked or expired meanwhile
   */
  async join(token: JoinToken, applicant: Applicant, { id, names, document, at, entry }: { id: string; names: Iterable<string>; document: DesiredDocument; at: Date; entry: AuditEntry }): Promise<JoinedMachine | null> {
    if (token.used >= token.uses) return null;
    for (const name of names) {
      try {
        return await this.prisma.transaction(async (tx) => {
          const returning = await this.findByKey(tx, applicant.publicKey);
          const data = { labels: token.labels, joinTokenId: token.id, sealingKey: applicant.sealingKey, facts: applicant.facts, joinedAt: at, approvedAt: token.requireApproval ? null : at };
          if (returning) await tx.machine.update({ where: { id: returning.id }, data: { ...data, revokedAt: null } });
          else {
            await tx.machine.create({
              data: {
                ...data, id, name, publicKey: applicant.publicKey, desired: document, desiredRevision: 1, ingest: { create: {} },
                revisions: { create: { revision: 1, document, by: 'control plane', reason: 'joined', at } },
              },
            });
          }
          const machine = await this.findByKey(tx, applicant.publicKey);
          if (!machine) throw new Error('the machine just written is not there');
          await this.audit.write(tx, { ...entry, actor: `machine ${machine.name}`, target: `machine ${machine.id}` });
          // Last, since everybody who joins with this token waits for its row until the transaction ends.
          await this.spend(tx, token.id, at);
          return machine;
        });
      } catch (error) {
        // The last use may have gone to the same machine, joining twice at once.
        if (error instanceof TokenSpent) return this.rejoin(applicant);
        // The name is taken, or the same machine joins twice at once.
        if (!isUniqueViolation(error)) throw error;
        const twin = await this.rejoin(applicant);
        if (twin) return twin;
      }
    }
    throw new Error('no free name was found for the machine');
  }

  /** @throws {TokenSpent} which takes back all that the transaction did */
  private async spend(database: Database, tokenId: string, at: Date): Promise<void> {
    const spent = await database.$executeRaw`
      UPDATE join_token SET used = used + 1 WHERE id = ${tokenId}::uuid AND used < uses AND revoked_at IS NULL AND expires_at > ${at}`;
    if (spent === 0) throw new TokenSpent();
  }

  private async findByKey(database: Database, publicKey: string): Promise<JoinedMachine | null> {
    const machine = await database.machine.findUnique({ where: { publicKey } });
    return machine && { id: machine.id, name: machine.name, isApproved: machine.approvedAt !== null, revision: machine.desiredRevision, document: machine.desired as DesiredDocument };
  }
}

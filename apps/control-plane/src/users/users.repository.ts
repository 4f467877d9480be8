import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Role } from '../auth/permissions.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { PrismaService } from '../database/prisma.service.js';
import { Role as StoredRole } from '../generated/prisma/client.js';

const TO_STORED: Readonly<Record<Role, StoredRole>> = { viewer: 'viewer', operator: 'operator', 'key-admin': 'key_admin', admin: 'admin' };
const FROM_STORED: Readonly<Record<StoredRole, Role>> = { viewer: 'viewer', operator: 'operator', key_admin: 'key-admin', admin: 'admin' };

export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
}

export const roleOf = (stored: StoredRole): Role => FROM_STORED[stored];

@Injectable()
export class UsersRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly audit: AuditRepository,
  ) {}

  async anyExists(): Promise<boolean> {
    return (await this.prisma.client.user.findFirst({ select: { id: true } })) !== null;
  }

  async findByName(name: string): Promise<User | null> {
    const user = await this.prisma.client.user.findUnique({ where: { name } });
    return user && { id: user.id, name: user.name, role: roleOf(user.role), passwordHash: user.passwordHash };
  }

  /** Creates the first user; false when another process was first. */
  async createFirst({ id, name, role, passwordHash }: User, at: Date): Promise<boolean> {
    try {
      await this.prisma.transaction(async (tx) => {
        await tx.user.create({ data: { id, name, role: TO_STORED[role], passwordHash, createdAt: at } });
        await this.audit.write(tx, { at, actor: 'control plane', action: 'user-created', target: `user ${name}`, after: { role }, reason: 'first start' });
      });
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }
}

import { Injectable } from '@nestjs/common';
import { PrismaService } from '../database/prisma.service.js';

@Injectable()
export class HealthRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** @throws when the database does not answer */
  async ping(): Promise<void> {
    await this.prisma.client.$queryRaw`SELECT 1`;
  }

  /** Whether the migrations made the tables. */
  async hasTables(): Promise<boolean> {
    const [row] = await this.prisma.client.$queryRaw<{ present: boolean }[]>`SELECT to_regclass('audit_entry') IS NOT NULL AS present`;
    return row?.present ?? false;
  }
}

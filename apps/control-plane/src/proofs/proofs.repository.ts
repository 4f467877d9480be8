import { Injectable } from '@nestjs/common';
import type { ProofRecord } from '@provefleet/fleet-protocol';
import { PrismaService } from '../database/prisma.service.js';

export interface ProofPosition {
  readonly settledAt: number;
  readonly sequence: number;
}

@Injectable()
export class ProofsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** One machine's settled tasks, newest first. */
  async ofMachine(machineId: string, after: ProofPosition | undefined, limit: number): Promise<(ProofRecord & { sequence: number })[]> {
    const rows = await this.prisma.client.proof.findMany({
      where: {
        machineId,
        ...(after && { OR: [{ settledAt: { lt: new Date(after.settledAt) } }, { settledAt: new Date(after.settledAt), sequence: { lt: after.sequence } }] }),
      },
      orderBy: [{ settledAt: 'desc' }, { sequence: 'desc' }],
      take: limit,
      include: { machine: { select: { name: true } } },
    });
    return rows.map(({ machine, workerId, proofBytes, submitAttempts, fetchedAt, settledAt, sequence, taskType, outcome, stages, ...proof }) => ({
      ...proof,
      sequence: Number(sequence),
      machineName: machine.name,
      taskType: taskType as ProofRecord['taskType'],
      outcome: outcome as ProofRecord['outcome'],
      workerId: workerId === null ? null : Number(workerId),
      stages: stages as ProofRecord['stages'],
      proofBytes: Number(proofBytes),
      submitAttempts: Number(submitAttempts),
      fetchedAt: fetchedAt.getTime(),
      settledAt: settledAt.getTime(),
    }));
  }
}

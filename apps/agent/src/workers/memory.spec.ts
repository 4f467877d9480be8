import { describe, expect, it } from '@jest/globals';
import type { Job } from './job.js';
import { MemoryBudget } from './memory.js';

const GIB = 2 ** 30;
const job = (estimatedBytes: number | null, program = 'p'): Job => ({ taskId: 't', program, input: new Uint8Array(), timeoutMs: 1, estimatedBytes, settle: () => undefined });
const budget = () => new MemoryBudget({ totalBytes: 4 * GIB, freeBytes: () => 16 * GIB });

describe('a memory budget', () => {
  it('expects half as much again after each death for lack of memory, of that program and size only', () => {
    const memory = budget();
    memory.learnFromDeath(job(GIB));
    memory.learnFromDeath(job(1.5 * GIB));
    expect(memory.expected(job(GIB))).toBe(2.25 * GIB);
    expect(memory.expected(job(GIB / 4))).toBe(GIB / 4);
    expect(memory.expected(job(GIB, 'q'))).toBe(GIB);
    memory.learnFromDeath(job(GIB));
    memory.learnFromDeath(job(GIB));
    expect(memory.refuse(job(GIB))).toContain('expected to take');
  });

  it('learns from what was measured to be more, and unlearns nothing from less', () => {
    const memory = budget();
    memory.learn(job(GIB), 2 * GIB);
    memory.learn(job(GIB), GIB / 2);
    expect(memory.expected(job(GIB))).toBe(2 * GIB);
  });

  it('lets jobs of unknown size through', () => {
    const memory = new MemoryBudget({ totalBytes: 1, freeBytes: () => 0 });
    expect(memory.refuse(job(null))).toBeNull();
    expect(memory.tryReserve({}, job(null))).toBe(true);
  });
});

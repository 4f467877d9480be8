import type { ProofRecord } from '@provefleet/fleet-protocol';

/** A stage of proving and its usual part of the whole time, 0 to 1. */
export interface StageShare {
  readonly stage: string;
  readonly share: number;
}

/** Stages of recent proofs with their usual shares, in the order in which they run. Empty without timed proofs. */
export function usualStages(proofs: readonly Pick<ProofRecord, 'stages' | 'program'>[]): StageShare[] {
  const timed = proofs.filter((proof) => proof.stages.length > 0);
  const [newest] = timed;
  if (!newest) return [];
  const sums = new Map(newest.stages.map(({ stage }) => [stage, 0]));
  for (const proof of timed) {
    for (const { stage, milliseconds } of proof.stages) {
      const sum = sums.get(stage);
      if (sum !== undefined) sums.set(stage, sum + milliseconds);
    }
  }
  const total = [...sums.values()].reduce((all, sum) => all + sum, 0);
  if (total === 0) return [];
  return [...sums].map(([stage, sum]) => ({ stage, share: sum / total }));
}

/** Which stages are over, which one runs and which are to come; null when the stage is not among the usual ones. */
export function stageProgress(stages: readonly StageShare[], current: string | null): { stage: string; step: 'done' | 'now' | 'next' }[] | null {
  const at = stages.findIndex(({ stage }) => stage === current);
  if (at < 0) return null;
  return stages.map(({ stage }, index) => ({ stage, step: index < at ? 'done' : index === at ? 'now' : 'next' }));
}

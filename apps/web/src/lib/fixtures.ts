import type { EventRecord, MachineDetail, MachineSummary } from '@provefleet/fleet-protocol';

// Sample data for specs.

export const machine = (over: Partial<MachineSummary> = {}): MachineSummary => ({
  id: '00000000-0000-4000-8000-000000000001',
  name: 'rig-a',
  labels: [],
  state: 'proving',
  reason: '',
  stateSince: 1_000,
  lastSeenAt: 9_000,
  joinedAt: 500,
  desired: { revision: 5, document: { workers: 4, paused: false, pauseNote: '' } },
  observed: { revision: 5, document: { workers: 4, paused: false, pauseNote: '' }, workers: 4, rejected: null },
  agentVersion: '0.1.0',
  cpuCores: 8,
  cpu: 0.5,
  memoryUsedBytes: 4,
  memoryTotalBytes: 8,
  proofsPerMinute: 2,
  spark: [1, 2],
  provingMsP50: 100,
  provingMsP95: 200,
  successRate: 1,
  ...over,
});

export const detail = (over: Partial<MachineDetail> = {}): MachineDetail => ({
  ...machine(),
  facts: null,
  publicKey: 'ab'.repeat(32),
  startedAt: null,
  gauges: null,
  workers: [],
  nodes: [],
  outcomes: { accepted: 0, refused: 0, expired: 0, failed: 0 },
  acceptedTotal: 0,
  revokedAt: null,
  revisions: [],
  ...over,
});

export const settled = (sequence: number, at: number, over: Partial<Extract<EventRecord['event'], { kind: 'task-settled' }>> = {}, machineId = machine().id): EventRecord => ({
  machineId,
  machineName: 'rig-a',
  event: {
    kind: 'task-settled', sequence, at, level: 'info', nodeId: '36', taskId: `task-${sequence}`, program: 'fib_input_initial', taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', input: '9, 1, 1',
    outcome: 'accepted', reason: '', code: '', workerId: 1, provingMs: 5, stages: [], proofBytes: 10, submitAttempts: 1, fetchedAt: at - 10, settledAt: at, ...over,
  },
});

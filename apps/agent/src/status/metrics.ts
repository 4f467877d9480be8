import { MACHINE_STATES, type Heartbeat } from '@provefleet/fleet-protocol';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The figures in Prometheus' text format. Labels are bounded: no task, node or machine ids. */
export function metricsText(heartbeat: Heartbeat): string {
  const { gauges, counters, workers } = heartbeat;
  const parts = [
    metric('provefleet_agent_state', 'gauge', '1 for the present state', MACHINE_STATES.map((state) => ({ labels: { state }, value: state === heartbeat.state ? 1 : 0 }))),
    metric('provefleet_agent_start_time_seconds', 'gauge', 'When the agent started', [{ value: heartbeat.startedAt / 1000 }]),
    metric('provefleet_agent_tasks_fetched_total', 'counter', 'Tasks fetched since the start', [{ value: counters.fetched }]),
    metric('provefleet_agent_tasks_settled_total', 'counter', 'Tasks ended since the start', (['accepted', 'refused', 'expired', 'failed'] as const).map((outcome) => ({ labels: { outcome }, value: counters[outcome] }))),
    metric('provefleet_agent_worker_restarts_total', 'counter', 'Worker processes started again', [{ value: counters.workerRestarts }]),
    metric('provefleet_agent_events_dropped_total', 'counter', 'Events dropped because the outbox was full', [{ value: counters.droppedEvents }]),
    metric('provefleet_agent_workers', 'gauge', 'Workers by state', countBy(workers.map(({ state }) => state))),
    metric('provefleet_agent_worker_memory_bytes', 'gauge', 'Resident memory of a worker', workers.map(({ id, memoryBytes }) => ({ labels: { worker: String(id) }, value: memoryBytes }))),
    metric('provefleet_agent_queue_length', 'gauge', 'Items waiting', [
      { labels: { queue: 'tasks' }, value: gauges.taskQueue },
      { labels: { queue: 'results' }, value: gauges.resultQueue },
      { labels: { queue: 'outbox-proofs' }, value: gauges.outboxProofs },
      { labels: { queue: 'outbox-events' }, value: gauges.outboxEvents },
    ]),
    metric('provefleet_agent_cpu_ratio', 'gauge', 'Use of all cores of the machine, 0 to 1', [{ value: gauges.cpu }]),
    metric('provefleet_agent_memory_used_bytes', 'gauge', 'Memory of the machine in use', [{ value: gauges.memoryUsedBytes }]),
    metric('provefleet_agent_event_loop_delay_seconds', 'gauge', "Longest delay of the agent's event loop since the last report", [{ value: gauges.eventLoopDelayMs / 1000 }]),
  ];
  return parts.join('');
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Sample['labels']): string {
  const entries = Object.entries(labels ?? {});
  return entries.length === 0 ? '' : `{${entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
}

function countBy(values: readonly string[]): Sample[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([state, value]) => ({ labels: { state }, value }));
}

'use client';

import type { MachineDetail, ProofRecord, WorkerStatus } from '@provefleet/fleet-protocol';
import clsx from 'clsx';
import { useNow } from '../../data/clock';
import { useProofs } from '../../data/queries';
import { formatBytes, formatDuration, formatElapsed, plural, shortId } from '../../lib/format';
import { type StageShare, stageProgress, usualStages } from '../../lib/stages';
import { Card } from '../ui/card';
import type { IconName } from '../../lib/icon-shapes';
import { Icon } from '../ui/icon';

const LOOKS: Readonly<Record<WorkerStatus['state'], { word: string; tone: string; icon: IconName }>> = {
  starting: { word: 'Starting', tone: 's-draining', icon: 'refresh' },
  idle: { word: 'Idle', tone: 's-idle', icon: 's-idle' },
  proving: { word: 'Proving', tone: 's-proving', icon: 's-proving' },
  stopping: { word: 'Stopping', tone: 's-draining', icon: 's-draining' },
  stopped: { word: 'Stopped', tone: 's-paused', icon: 's-paused' },
  failing: { word: 'Failing', tone: 's-failing', icon: 's-failing' },
};

/** Proofs shorter than this, in milliseconds, come and go between two reports. */
const BRIEF_MS = 500;

/** The machine's workers: what each does, for how long, and why one does nothing. */
export function Workers({ machine }: { machine: MachineDetail }) {
  const { data } = useProofs(machine.id);
  const recent: readonly ProofRecord[] = data?.pages[0]?.items ?? [];
  const stages = usualStages(recent);
  const proving = machine.workers.filter((worker) => worker.state === 'proving').length;
  const silent = machine.state === 'offline';
  const brief = machine.state === 'proving' && machine.provingMsP50 !== null && machine.provingMsP50 < BRIEF_MS;
  const meta = brief
    ? `${plural(machine.workers.length, 'worker')}. A proof takes ${formatDuration(machine.provingMsP50)}: a report mostly finds them between two`
    : `${proving} of ${machine.workers.length} ${silent ? 'proved when last heard' : 'proving at the last report'}${stages.length > 0 ? '. Segment widths follow usual stage times' : ''}`;
  return (
    <Card title="Workers" meta={machine.workers.length > 0 ? meta : undefined}>
      {machine.workers.length === 0 ? (
        <p className="card-b subtle">{machine.state === 'pending' ? 'Workers start when the machine is approved.' : machine.observed?.workers === 0 || machine.desired.document.paused ? 'No worker runs. Set workers or resume to start some.' : 'No worker has been reported yet.'}</p>
      ) : (
        <ul className="workers">
          {machine.workers.map((worker) => <Worker key={worker.id} worker={worker} stages={stages} usualMs={machine.provingMsP50} />)}
        </ul>
      )}
    </Card>
  );
}

function Worker({ worker, stages, usualMs }: { worker: WorkerStatus; stages: readonly StageShare[]; usualMs: number | null }) {
  const now = useNow();
  const look = LOOKS[worker.state];
  const elapsed = now > 0 ? formatElapsed(now - worker.since) : '';
  const progress = worker.state === 'proving' ? stageProgress(stages, worker.stage) : null;
  return (
    <li className="wk" data-worker={worker.id} data-worker-state={worker.state}>
      <div className="wk-h">
        <b>Worker {worker.id}</b>
        <span className={`st ${look.tone} ml-auto`}><Icon name={look.icon} />{look.word}</span>
      </div>
      {worker.state === 'proving' ? (
        <>
          <div className="row justify-between xs subtle"><span className="mono nowrap" title={worker.taskId ?? undefined}>{worker.taskId ? shortId(worker.taskId) : ''}</span><span className="nowrap">{elapsed}{usualMs !== null && ` of ${usualMs < 60_000 ? formatDuration(usualMs) : formatElapsed(usualMs)}`}</span></div>
          {progress ? (
            <>
              <div className="stages" role="img" aria-label={`Stage ${worker.stage}`} style={{ gridTemplateColumns: stages.map(({ share }) => `${Math.max(share, 0.06)}fr`).join(' ') }}>
                {progress.map(({ stage, step }) => <i key={stage} className={clsx(step === 'done' && 'done')}>{step === 'now' && <b />}</i>)}
              </div>
              <div className="stages-l">{progress.map(({ stage, step }) => (step === 'now' ? <b key={stage}>{stage}</b> : <span key={stage}>{stage}</span>))}</div>
            </>
          ) : (
            <p className="xs subtle">{worker.program}{worker.stage && `, ${worker.stage}`}</p>
          )}
        </>
      ) : (
        <p className="xs subtle">{worker.cause || `for ${elapsed}`}</p>
      )}
      <p className="xs subtle mt-1">{formatBytes(worker.memoryBytes)}{worker.restarts > 0 && `, restarted ${worker.restarts === 1 ? 'once' : `${worker.restarts} times`}`}</p>
    </li>
  );
}

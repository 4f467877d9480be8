import type { FleetEvent } from '@provefleet/fleet-protocol';
import type { IconName } from './icon-shapes';
import { formatDuration, formatTime, shortId } from './format';
import { STATE_LOOKS } from './states';

/** One event as an operator reads it. */
export interface EventText {
  readonly icon: IconName;
  /** Text colour class. */
  readonly tone: string;
  readonly text: string;
  readonly detail: string;
}

const OUTCOME_LOOKS = {
  accepted: { icon: 'check', tone: 't-ok', word: 'accepted' },
  refused: { icon: 'x', tone: 't-crit', word: 'refused' },
  expired: { icon: 'clock', tone: 't-wait', word: 'expired' },
  failed: { icon: 'alert', tone: 't-crit', word: 'failed' },
} as const;

export const outcomeLook = (outcome: keyof typeof OUTCOME_LOOKS) => OUTCOME_LOOKS[outcome];

const WORKER_WORDS = {
  started: 'started',
  stopped: 'stopped',
  crashed: 'crashed',
  'out-of-memory': 'ran out of memory',
  hung: 'hung and was ended',
  'crash-loop': 'crashes again and again',
} as const;

/** How an event reads in a list. The machine's name stands before it where machines are mixed. */
export function eventText(event: FleetEvent): EventText {
  switch (event.kind) {
    case 'task-fetched':
      return { icon: 'down', tone: 'subtle', text: `Task ${shortId(event.taskId)} fetched`, detail: `${event.program}, ${event.inputs} ${event.inputs === 1 ? 'input' : 'inputs'}` };
    case 'task-settled': {
      const look = OUTCOME_LOOKS[event.outcome];
      const time = event.provingMs === null ? '' : `, ${formatDuration(event.provingMs)}`;
      return { icon: look.icon, tone: look.tone, text: `Task ${shortId(event.taskId)} ${look.word}`, detail: event.outcome === 'accepted' ? `${event.program}${time}` : event.reason || event.code };
    }
    case 'worker': {
      const bad = event.change !== 'started' && event.change !== 'stopped';
      return { icon: bad ? 'alert' : 'workers', tone: bad ? 't-crit' : 'subtle', text: `Worker ${event.workerId} ${WORKER_WORDS[event.change]}`, detail: event.cause };
    }
    case 'state': {
      const to = STATE_LOOKS[event.to];
      return { icon: to.icon, tone: to.tone, text: `State: ${STATE_LOOKS[event.from].word.toLowerCase()} → ${to.word.toLowerCase()}`, detail: event.reason };
    }
    case 'configuration':
      return event.result === 'applied'
        ? { icon: 'rollback', tone: 'subtle', text: `Revision r${event.revision} applied`, detail: event.reason }
        : { icon: 'alert', tone: 't-warn', text: `Revision r${event.revision} rejected`, detail: event.field ? `${event.field}: ${event.reason}` : event.reason };
    case 'throttled':
      return { icon: 's-throttled', tone: 't-wait', text: `Throttled until ${formatTime(event.until)}`, detail: event.reason };
    case 'agent':
      return { icon: event.change === 'started' ? 'play' : 'drain', tone: 'subtle', text: event.change === 'draining' ? 'Agent drains' : `Agent ${event.change}`, detail: event.reason };
  }
}

/** Whether an event is of the everyday kind: a task fetched, or a proof accepted. Lists leave those out unless asked. */
export const isRoutine = (event: FleetEvent): boolean => event.kind === 'task-fetched' || (event.kind === 'task-settled' && event.outcome === 'accepted');

import type { WireTask } from '@provefleet/orchestrator-client';
import { errorAnswer, type Answer, type Delivery } from '../wire-error.js';
import { SOME_CALLS, share, type Params, type Scenario } from './scenario.js';

/** A share of requests is refused with a status and the network's error body. */
export function refusal(name: string, status: number, kind: string, on: 'submit' | 'both'): Scenario {
  return {
    name,
    summary: `${status} with the network’s error body`,
    params: { on, share: 0.3 },
    create(host, params) {
      const hit = share(host, params);
      return { before: (request) => (hit(request) ? errorAnswer(status, kind, `scenario ${name}`) : null) };
    },
  };
}

/** A share of fetches gets something else than a task; no task is handed out then. */
export function insteadOfTask(name: string, summary: string, answer: () => Answer): Scenario {
  return {
    name,
    summary,
    params: { on: 'fetch', share: 0.3 },
    create(host, params) {
      const hit = share(host, params);
      return { before: (request) => (hit(request) ? answer() : null) };
    },
  };
}

/** A share of tasks differs from what the ledger holds in one respect. */
export function oddTask(name: string, summary: string, change: (task: WireTask) => WireTask): Scenario {
  return {
    name,
    summary,
    params: { share: 0.3 },
    create: (host, params) => ({ task: (task) => (host.random.next() < Number(params['share']) ? change(task) : task) }),
  };
}

/** A share of answers arrives badly, although the request has taken effect. */
export function badDelivery(name: string, summary: string, more: Params, delivery: (params: Params) => Delivery): Scenario {
  return {
    name,
    summary,
    params: { ...SOME_CALLS, ...more },
    create(host, params) {
      const hit = share(host, params);
      return { after: (request, answer) => (hit(request) ? { ...answer, delivery: delivery(params) } : answer) };
    },
  };
}

import type { Scenario } from './scenario.js';

export const duplicateTasks: Scenario = {
  name: 'duplicate-tasks',
  summary: 'a node’s newest task is handed out once more',
  params: { share: 0.3 },
  create: (host, params) => ({ repeatTask: () => host.random.next() < Number(params['share']) }),
};

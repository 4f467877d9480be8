import type { Scenario } from './scenario.js';

export const deadlines: Scenario = {
  name: 'deadlines',
  summary: 'new tasks may take only so many seconds',
  params: { seconds: 2 },
  create: (_host, params) => ({ deadlineMs: () => Number(params['seconds']) * 1000 }),
};

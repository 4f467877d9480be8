import type { Scenario } from './scenario.js';

export const clockSkew: Scenario = {
  name: 'clock-skew',
  summary: 'the orchestrator’s clock is off by so many seconds, in tasks and headers',
  params: { seconds: 3_600 },
  create: (_host, params) => ({ skewMs: () => Number(params['seconds']) * 1000 }),
};

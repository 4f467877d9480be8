import { messageAnswer } from '../wire-error.js';
import type { Scenario } from './scenario.js';

export const down: Scenario = {
  name: 'down',
  summary: 'every connection is reset before the request is looked at',
  params: {},
  create: () => ({ before: () => ({ ...messageAnswer(), delivery: { kind: 'reset', early: true } }) }),
};

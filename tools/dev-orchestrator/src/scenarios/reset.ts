import { badDelivery } from './kinds.js';

export const reset = badDelivery('reset', 'connections are reset in the middle of the answer', {}, () => ({ kind: 'reset', early: false }));

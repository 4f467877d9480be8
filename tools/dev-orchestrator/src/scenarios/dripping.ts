import { badDelivery } from './kinds.js';

export const dripping = badDelivery('dripping', 'answers come one byte at a time', { everyMs: 500 }, ({ everyMs }) => ({ kind: 'drip', everyMs: Number(everyMs) }));

import { badDelivery } from './kinds.js';

export const slow = badDelivery('slow', 'answers come late, by so many ms', { ms: 12_000 }, ({ ms }) => ({ kind: 'late', ms: Number(ms) }));

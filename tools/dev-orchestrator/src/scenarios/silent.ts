import { badDelivery } from './kinds.js';

export const silent = badDelivery('silent', 'answers never come', {}, () => ({ kind: 'silence' }));

import { refusal } from './kinds.js';

export const notFound = refusal('not-found', 404, 'NotFoundError', 'both');

import { refusal } from './kinds.js';

export const conflict = refusal('conflict', 409, 'ConflictError', 'submit');

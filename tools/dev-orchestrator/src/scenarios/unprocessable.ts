import { refusal } from './kinds.js';

export const unprocessable = refusal('unprocessable', 422, 'UnprocessableEntityError', 'submit');

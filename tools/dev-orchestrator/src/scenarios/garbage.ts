import { messageAnswer } from '../wire-error.js';
import { insteadOfTask } from './kinds.js';

const NO_MESSAGE = Uint8Array.from({ length: 64 }, (_, i) => 0xff - i);

export const garbage = insteadOfTask('garbage', '200 with bytes that are no message instead of a task', () => messageAnswer(NO_MESSAGE));

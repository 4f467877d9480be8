import { messageAnswer } from '../wire-error.js';
import { insteadOfTask } from './kinds.js';

export const emptyAnswer = insteadOfTask('empty-answer', '200 with an empty body instead of a task', () => messageAnswer());

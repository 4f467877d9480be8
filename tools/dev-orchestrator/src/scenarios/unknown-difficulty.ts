import { oddTask } from './kinds.js';

export const unknownDifficulty = oddTask('unknown-difficulty', 'tasks of a difficulty that does not exist', (task) => ({ ...task, difficulty: 4 }));

import { oddTask } from './kinds.js';

export const noInput = oddTask('no-input', 'tasks without any input', (task) => ({ ...task, publicInputsList: [] }));

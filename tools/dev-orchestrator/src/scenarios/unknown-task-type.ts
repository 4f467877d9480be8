import { oddTask } from './kinds.js';

export const unknownTaskType = oddTask('unknown-task-type', 'tasks of a type that does not exist', (task) => ({ ...task, taskType: 42 }));

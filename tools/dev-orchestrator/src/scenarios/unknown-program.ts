import { oddTask } from './kinds.js';

export const unknownProgram = oddTask('unknown-program', 'tasks for a program that does not exist', (task) => ({ ...task, programId: 'fib_output_final' }));

import { oddTask } from './kinds.js';

export const longInput = oddTask('long-input', 'tasks whose inputs go on after what the program reads', (task) => ({
  ...task,
  publicInputsList: task.publicInputsList.map((input) => Uint8Array.from([...input, 1, 2, 3, 4])),
}));

import { oddTask } from './kinds.js';

export const shortInput = oddTask('short-input', 'tasks whose last input lacks its last byte', (task) => ({
  ...task,
  publicInputsList: task.publicInputsList.map((input, i, all) => (i === all.length - 1 ? input.slice(0, -1) : input)),
}));

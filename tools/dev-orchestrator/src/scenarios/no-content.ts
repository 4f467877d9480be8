import { insteadOfTask } from './kinds.js';

export const noContent = insteadOfTask('no-content', '204 instead of a task', () => ({ status: 204, headers: {}, body: new Uint8Array() }));

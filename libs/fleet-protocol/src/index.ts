export * from './events.js';
export * from './frames.js';
export * from './machine.js';
export * from './primitives.js';
export * from './rest.js';
export * from './version.js';

export * from './conformance.js';
export * from './contract.js';
export * from './errors.js';
export * from './programs.js';
export * from './registry.js';

export { createNexusCliBackend, NEXUS_CLI_BACKEND, NEXUS_CLI_PROOF_FORMAT, registerNexusCli, type NexusCliOptions } from './backend.js';
export { NEXUS_PROGRAM } from './program.js';

import { ProverRegistry } from '@provefleet/prover';
import { registerNative } from '@provefleet/prover-native';
import { registerNexusCli } from '@provefleet/prover-nexus-cli';

/** Variable by which the agent tells its workers where the network's own client is; unset: found on PATH. */
export const NEXUS_CLI_VARIABLE = 'PROVEFLEET_NEXUS_CLI';

/** The backends an agent can prove with, by name. */
export function backends(variables: NodeJS.ProcessEnv = process.env): ProverRegistry {
  const path = variables[NEXUS_CLI_VARIABLE];
  return registerNexusCli(registerNative(new ProverRegistry()), path ? { path } : {});
}

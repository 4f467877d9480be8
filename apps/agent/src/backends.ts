import { ProverRegistry } from '@provefleet/prover';
import { registerNative } from '@provefleet/prover-native';

/** The backends an agent can prove with, by name. */
export function backends(): ProverRegistry {
  return registerNative(new ProverRegistry());
}

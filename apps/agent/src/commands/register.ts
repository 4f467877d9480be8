import { randomUUID } from 'node:crypto';
import { OrchestratorClient, OrchestratorError, orchestratorUrl, type Environment, type User } from '@provefleet/orchestrator-client';
import { AgentError } from '../errors.js';
import { checkedWallet } from './wallet.js';

export interface RegisterOptions {
  readonly wallet: string;
  readonly environment: Environment;
  readonly orchestratorUrl?: string;
  readonly allowInsecure: boolean;
}

/**
 * Makes a wallet known to the network, once: a wallet that is known keeps its user.
 * @throws AgentError `Usage`, `Unreachable`.
 */
export function registerUser(options: RegisterOptions): Promise<{ userId: string; wallet: string; isNew: boolean }> {
  return withClient(options, async (client, wallet) => {
    const known = await userOf(client, wallet);
    if (known) return { userId: known.userId, wallet, isNew: false };
    const uuid = randomUUID();
    await client.registerUser({ uuid, walletAddress: wallet });
    return { userId: uuid, wallet, isNew: true };
  });
}

/**
 * Registers one more node of a wallet, which must be known.
 * @throws AgentError `Usage`, `Unreachable`.
 */
export function registerNode(options: RegisterOptions): Promise<{ nodeId: string; wallet: string }> {
  return withClient(options, async (client, wallet) => {
    const user = await userOf(client, wallet);
    if (!user) throw new AgentError('Usage', `the network does not know wallet ${wallet}; run: provefleet-agent user register --wallet ${wallet}`);
    return { nodeId: await client.registerNode({ userId: user.userId }), wallet };
  });
}

async function userOf(client: OrchestratorClient, wallet: string): Promise<User | null> {
  try {
    const user = await client.getUser(wallet);
    return user.userId === '' ? null : user;
  } catch (error) {
    if (error instanceof OrchestratorError && error.status === 404) return null;
    throw error;
  }
}

async function withClient<T>(options: RegisterOptions, work: (client: OrchestratorClient, wallet: string) => Promise<T>): Promise<T> {
  const wallet = checkedWallet(options.wallet);
  const { environment, orchestratorUrl: url, allowInsecure } = options;
  try {
    const client = new OrchestratorClient({ url: orchestratorUrl({ environment, allowInsecureHttp: allowInsecure, ...(url === undefined ? {} : { url }) }), allowInsecureHttp: allowInsecure });
    try {
      return await work(client, wallet);
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof OrchestratorError) throw new AgentError(error.code === 'InvalidRequest' ? 'Usage' : 'Unreachable', `orchestrator: ${error.message}`, { cause: error });
    throw error;
  }
}

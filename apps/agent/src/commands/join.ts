import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { machineNameSchema } from '@provefleet/fleet-protocol';
import { OrchestratorClient, OrchestratorError, type Environment } from '@provefleet/orchestrator-client';
import { ProverError, type Capabilities, type ProverRegistry } from '@provefleet/prover';
import { PROFILE_NAMES, type ProfileName } from '@provefleet/scheduling';
import { writeDesired } from '../configuration/desired.js';
import { checkConfiguration, localConfigurationSchema, orchestratorOf, writeConfiguration, type LocalConfiguration } from '../configuration/local.js';
import { AgentError, messageOf } from '../errors.js';
import { loadIdentity, loadNodeKey } from '../identity/keys.js';
import { controlPlaneUrl } from '../link/socket.js';
import { startAfterAcknowledged } from '../outbox/event-log.js';
import { readIfThere, type FileSystem } from '../state/files.js';
import { StateLock } from '../state/lock.js';
import { prepareState, type StatePaths } from '../state/paths.js';
import { machineFacts } from '../status/machine.js';
import { enrol } from './enrol.js';

export interface JoinOptions {
  readonly url: string;
  readonly stateDirectory: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly name?: string;
  readonly environment: Environment;
  readonly orchestratorUrl?: string;
  readonly nodes: readonly string[];
  readonly profile?: string;
  readonly backend: string;
  readonly allowInsecure: boolean;
  readonly statusPort?: number;
  readonly again: boolean;
}

export interface JoinEnvironment {
  readonly fs: FileSystem;
  readonly variables: NodeJS.ProcessEnv;
  readonly backends: ProverRegistry;
  readonly print: (line: string) => void;
}

/** Stands in for the machine id until the control plane has given one. */
const NO_MACHINE = '00000000-0000-4000-8000-000000000000';

/**
 * Makes this machine a member of a fleet: makes its keys, enrols it, writes its configuration.
 * @throws AgentError.
 */
export async function join(options: JoinOptions, environment: JoinEnvironment): Promise<LocalConfiguration> {
  const { fs, print } = environment;
  const url = controlPlaneUrl(options.url, options.allowInsecure);
  const token = await joinToken(options, environment.variables);
  const draft = draftConfiguration(options);
  checkConfiguration(draft);
  const paths = await prepareState(fs, options.stateDirectory);
  const lock = await StateLock.acquire(fs, paths.lock);
  try {
    const before = await readIfThere(fs, paths.configuration);
    if (!options.again && before !== null) {
      throw new AgentError('Usage', `this machine has joined already (${paths.configuration}); to join again, with the same keys, add --again`);
    }
    const identity = await loadIdentity(fs, paths.keys);
    const facts = machineFacts(options.backend, await capabilitiesOf(options.backend, environment));
    const nodes = options.nodes.length > 0 ? [...options.nodes] : [await registerLocalNode(draft)];
    const enrolled = await enrol({ url, token, name: draft.machineName, identity, facts });
    const configuration: LocalConfiguration = { ...draft, machineId: enrolled.machineId, machineName: enrolled.name, nodes: nodes.map((id) => ({ id, weight: 1 })) };
    if (before === null || !before.includes(enrolled.machineId)) await startAfterAcknowledged(fs, paths.events);
    await keep(fs, paths, configuration, enrolled);
    print(`joined ${url.origin} as ${enrolled.name}${enrolled.approved ? '' : '; it waits for an operator to approve it'}`);
    for (const id of nodes) print(`node ${id}, signing key ${(await loadNodeKey(fs, paths.keys, id)).publicKeyHex}`);
    return configuration;
  } finally {
    await lock.release();
  }
}

async function keep(fs: FileSystem, paths: StatePaths, configuration: LocalConfiguration, enrolled: Awaited<ReturnType<typeof enrol>>): Promise<void> {
  await writeDesired(fs, paths.desired, { revision: enrolled.revision, document: enrolled.document, approved: enrolled.approved });
  await writeConfiguration(fs, paths.configuration, configuration);
}

function draftConfiguration(options: JoinOptions): LocalConfiguration {
  const profile = options.profile ?? (options.environment === 'local' ? 'local' : 'nexus-0.10');
  if (!PROFILE_NAMES.includes(profile as ProfileName)) throw new AgentError('Usage', `--profile: "${profile}" is none of ${PROFILE_NAMES.join(', ')}`);
  if (options.nodes.length === 0 && options.environment !== 'local') {
    throw new AgentError('Usage', `--node: the id of at least one node is needed in environment ${options.environment}`);
  }
  const name = options.name ?? hostname().replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 63);
  const named = machineNameSchema.safeParse(name);
  if (!named.success) throw new AgentError('Usage', `--name: "${name}" ${named.error.issues[0]?.message ?? 'is not valid'}`);
  const draft = localConfigurationSchema.safeParse({
    version: 1,
    controlPlaneUrl: options.url,
    machineId: NO_MACHINE,
    machineName: name,
    environment: options.environment,
    ...(options.orchestratorUrl === undefined ? {} : { orchestratorUrl: options.orchestratorUrl }),
    allowInsecure: options.allowInsecure,
    // Until the local one is registered.
    nodes: (options.nodes.length > 0 ? options.nodes : ['local']).map((id) => ({ id })),
    profile,
    backend: options.backend,
    country: options.environment === 'local' ? 'off' : 'lookup',
    ...(options.statusPort === undefined ? {} : { statusPort: options.statusPort }),
  });
  if (draft.success) return draft.data;
  const issue = draft.error.issues[0];
  throw new AgentError('Usage', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`);
}

/** The token from the option, the file, or the environment: only the last two keep it out of the process list. */
async function joinToken({ token, tokenFile }: JoinOptions, variables: NodeJS.ProcessEnv): Promise<string> {
  if (token !== undefined && tokenFile !== undefined) throw new AgentError('Usage', 'give either --token or --token-file');
  const given = tokenFile === undefined ? (token ?? variables['PROVEFLEET_JOIN_TOKEN'] ?? '') : await readToken(tokenFile);
  const text = given.trim();
  if (text === '') throw new AgentError('Usage', 'a join token is needed: --token, --token-file, or the variable PROVEFLEET_JOIN_TOKEN');
  if (text.length < 10 || text.length > 200) throw new AgentError('Usage', `a join token has 10 to 200 characters; this one has ${text.length}`);
  return text;
}

async function readToken(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AgentError('Usage', `--token-file: ${messageOf(error)}`);
  }
}

/** What the prover is on this machine; unknown when it cannot be loaded, which is no reason not to join. */
async function capabilitiesOf(name: string, { backends, print }: JoinEnvironment): Promise<Capabilities | null> {
  if (!backends.names().includes(name)) throw new AgentError('Usage', `--backend: "${name}" is none of ${backends.names().join(', ')}`);
  try {
    const backend = await backends.create(name, { threads: 1 });
    try {
      return await backend.capabilities();
    } finally {
      await backend.close();
    }
  } catch (error) {
    if (!(error instanceof ProverError)) throw error;
    print(`note: backend ${name} cannot prove on this machine yet: ${error.message}`);
    return null;
  }
}

/** Registers a node of a made-up wallet with the development orchestrator. */
async function registerLocalNode(configuration: LocalConfiguration): Promise<string> {
  const client = new OrchestratorClient({ url: orchestratorOf(configuration), allowInsecureHttp: configuration.allowInsecure });
  try {
    const uuid = randomUUID();
    await client.registerUser({ uuid, walletAddress: `0x${randomBytes(20).toString('hex')}` });
    return await client.registerNode({ userId: uuid });
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    throw new AgentError('Unreachable', `cannot register a node with the development orchestrator at ${client.url.origin}: ${error.message}`, { cause: error });
  } finally {
    client.close();
  }
}

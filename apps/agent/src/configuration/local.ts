import { lineSchema, machineIdSchema, machineNameSchema, MAX_WORKERS, nodeIdSchema } from '@provefleet/fleet-protocol';
import { ENVIRONMENTS, isNexusUrl, OrchestratorError, orchestratorUrl } from '@provefleet/orchestrator-client';
import { DIFFICULTIES, PROFILE_NAMES, PROFILES, type TimingProfile } from '@provefleet/scheduling';
import { z } from 'zod';
import { AgentError } from '../errors.js';
import { LOG_LEVELS } from '../logging.js';
import { controlPlaneUrl } from '../link/socket.js';
import { readIfThere, writeAtomic, type FileSystem } from '../state/files.js';

const MINUTE = 60_000;

/** The file `agent.json` in the state directory: written by `join`, kept by the operator, read once at start. */
export const localConfigurationSchema = z.strictObject({
  version: z.literal(1),
  controlPlaneUrl: z.string(),
  machineId: machineIdSchema,
  machineName: machineNameSchema,
  environment: z.enum(ENVIRONMENTS),
  /** `local` and `custom`: the orchestrator's address. */
  orchestratorUrl: z.string().optional(),
  /** Which of the network's two generations of servers is used. */
  orchestratorLine: z.enum(['0.9', '0.10']).optional(),
  /** Take plain http and ws beyond loopback too. */
  allowInsecure: z.boolean().default(false),
  nodes: z
    .array(z.strictObject({ id: nodeIdSchema, weight: z.number().positive().max(1000).default(1) }))
    .min(1)
    .max(256)
    .refine((nodes) => new Set(nodes.map(({ id }) => id)).size === nodes.length, 'names a node twice'),
  profile: z.enum(PROFILE_NAMES),
  backend: lineSchema(40),
  /** Backend `nexus-cli`: where the network's own client is; unset: found on PATH. */
  nexusCliPath: z.string().min(1).optional(),
  /** Most workers the control plane may ask for; unset: four for each core, at least 8. */
  maxWorkers: z.number().int().min(1).max(MAX_WORKERS).optional(),
  /** Most memory one proof may take, bytes. */
  memoryBudgetBytes: z.number().int().positive().optional(),
  /** Most memory all proofs together may take, bytes; unset: four fifths of the machine's. */
  memoryLimitBytes: z.number().int().positive().optional(),
  /** How long a worker may take over one proof before it counts as hung, milliseconds. */
  jobTimeoutMs: z.number().int().min(1000).default(15 * MINUTE),
  /** How long running proofs may take to finish when the agent stops, milliseconds. */
  drainDeadlineMs: z.number().int().min(0).default(30_000),
  /** CPU priority of workers, from 0 (normal) to 19 (only what others leave). */
  nice: z.number().int().min(0).max(19).default(0),
  difficulty: z.strictObject({ fixed: z.enum(DIFFICULTIES).optional(), max: z.enum(DIFFICULTIES).optional() }).default({}),
  /** Requests a minute all nodes of the account share; unset: no limit of our own. */
  accountRequestsPerMinute: z.number().int().min(1).optional(),
  /** Two-letter country told to the network: looked up, not told, or a fixed one. */
  country: z.union([z.enum(['lookup', 'off']), z.strictObject({ fixed: z.string().regex(/^[A-Za-z]{2}$/) })]).default('off'),
  /** Where the network publishes which versions it takes; unset: not asked. */
  versionPolicyUrl: z.url().optional(),
  /** Loopback port of the local status pages; 0: any free one; null: none. */
  statusPort: z.number().int().min(0).max(65_535).nullable().default(7380),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  logFile: z.string().optional(),
  userAgent: lineSchema(200).optional(),
  buildTimestamp: z.number().int().min(0).optional(),
});
export type LocalConfiguration = z.infer<typeof localConfigurationSchema>;

/** @throws AgentError `NotJoined`, `ConfigurationInvalid` naming the field. */
export async function readConfiguration(fs: FileSystem, path: string): Promise<LocalConfiguration> {
  const content = await readIfThere(fs, path);
  if (content === null) throw new AgentError('NotJoined', `this machine has not joined a fleet: there is no ${path}. Run: provefleet-agent join <url> --token …`);
  let value: unknown;
  try {
    value = JSON.parse(content.toString());
  } catch (error) {
    throw new AgentError('ConfigurationInvalid', `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = localConfigurationSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AgentError('ConfigurationInvalid', `${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`);
  }
  checkConfiguration(parsed.data);
  return parsed.data;
}

export async function writeConfiguration(fs: FileSystem, path: string, configuration: LocalConfiguration): Promise<void> {
  await writeAtomic(fs, path, `${JSON.stringify(configuration, null, 2)}\n`);
}

/** Backends whose proofs the public network does not read. */
const NOT_FOR_NEXUS = new Set(['native']);

/**
 * What no schema can say.
 * @throws AgentError `ConfigurationInvalid`, `BackendNotForNetwork`.
 */
export function checkConfiguration(configuration: LocalConfiguration): void {
  controlPlaneUrl(configuration.controlPlaneUrl, configuration.allowInsecure);
  const orchestrator = orchestratorOf(configuration);
  if (isNexusUrl(orchestrator) && NOT_FOR_NEXUS.has(configuration.backend)) {
    throw new AgentError(
      'BackendNotForNetwork',
      `backend "${configuration.backend}" cannot prove for ${orchestrator.host}: its proof format is Provefleet's own, and the public Nexus network would refuse every proof. Use the backend that runs the network's own client, or another environment`,
    );
  }
}

/** @throws AgentError `ConfigurationInvalid`. */
export function orchestratorOf({ environment, orchestratorUrl: url, orchestratorLine, allowInsecure }: LocalConfiguration): URL {
  try {
    return orchestratorUrl({ environment, allowInsecureHttp: allowInsecure, ...(url === undefined ? {} : { url }), ...(orchestratorLine ? { line: orchestratorLine } : {}) });
  } catch (error) {
    if (error instanceof OrchestratorError) throw new AgentError('ConfigurationInvalid', `orchestratorUrl: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The configured timing profile with this machine's own limits in it. */
export function profileOf({ profile, difficulty }: LocalConfiguration): TimingProfile {
  const base = PROFILES[profile];
  return {
    ...base,
    difficulty: { ...base.difficulty, ...(difficulty.fixed ? { fixed: difficulty.fixed } : {}), ...(difficulty.max ? { max: difficulty.max } : {}) },
  };
}

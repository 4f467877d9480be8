#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENTS, type Environment } from '@provefleet/orchestrator-client';
import { PROFILE_NAMES } from '@provefleet/scheduling';
import { Command, InvalidArgumentError, Option } from 'commander';
import { backends } from './backends.js';
import { join } from './commands/join.js';
import { run } from './commands/run.js';
import { status, statusText } from './commands/status.js';
import { AgentError } from './errors.js';
import { nodeFileSystem } from './state/files.js';
import { stateDirectory } from './state/paths.js';
import { AGENT_VERSION } from './version.js';

const print = (text: string): void => void writeSync(1, `${text}\n`);
const directory = (option: string | undefined) => stateDirectory(option, process.env, process.getuid?.());
const stateOption = () => new Option('--state-dir <path>', 'where keys, configuration and unfinished work are kept').env('PROVEFLEET_STATE_DIR');

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('must be a port from 0 to 65535.');
  return value;
}

interface JoinFlags {
  stateDir?: string;
  token?: string;
  tokenFile?: string;
  name?: string;
  environment: Environment;
  orchestratorUrl?: string;
  node: string[];
  profile?: string;
  backend: string;
  allowInsecure: boolean;
  statusPort?: number;
  again: boolean;
}

function program(): Command {
  const root = new Command('provefleet-agent').description('Proves tasks of a Nexus-style network on this machine, as one of a fleet.').version(AGENT_VERSION);

  root
    .command('join')
    .description('make this machine a member of a fleet')
    .argument('<url>', 'address of the control plane')
    .option('--token <token>', 'join token; better by --token-file or the variable PROVEFLEET_JOIN_TOKEN, which keep it out of the process list')
    .option('--token-file <path>', 'file that holds the join token')
    .option('--name <name>', 'name of this machine in the fleet (default: its host name)')
    .addOption(new Option('--environment <name>', 'which network to prove for').choices(ENVIRONMENTS).default('local'))
    .option('--orchestrator-url <url>', 'address of the orchestrator (environments local and custom)')
    .option('--node <id...>', 'node to prove for, once for each; environment local registers one when none is given', [])
    .addOption(new Option('--profile <name>', 'timing (default: local in environment local, else nexus-0.10)').choices(PROFILE_NAMES))
    .option('--backend <name>', `prover: ${backends().names().join(', ')}`, 'native')
    .option('--allow-insecure', 'take plain http beyond loopback', false)
    .option('--status-port <port>', 'port of the local status pages; 0: any free one', port)
    .option('--again', 'join although this machine has joined already; its keys stay', false)
    .addOption(stateOption())
    .action(async (url: string, flags: JoinFlags) => {
      const { stateDir, node, ...rest } = flags;
      await join({ ...rest, url, nodes: node, stateDirectory: directory(stateDir) }, { fs: nodeFileSystem, variables: process.env, backends: backends(), print });
    });

  root
    .command('run')
    .description('prove until told to stop (SIGTERM or SIGINT: finish and stop; twice: stop at once)')
    .option('--log-file <path>', 'write the log to this file too')
    .addOption(stateOption())
    .action(async ({ stateDir, logFile }: { stateDir?: string; logFile?: string }) => {
      await run({ stateDirectory: directory(stateDir), workerEntry: fileURLToPath(new URL('./worker.js', import.meta.url)), ...(logFile === undefined ? {} : { logFile }) });
    });

  root
    .command('status')
    .description('what the agent does now, or did last')
    .option('--json', 'as JSON', false)
    .addOption(stateOption())
    .action(async ({ stateDir, json }: { stateDir?: string; json: boolean }) => {
      const answer = await status(nodeFileSystem, directory(stateDir));
      print(json ? JSON.stringify(answer, null, 2) : statusText(answer, Date.now()).trimEnd());
    });

  return root;
}

try {
  await program().parseAsync();
  process.exit(0);
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  writeSync(2, `provefleet-agent: ${error.message}\n`);
  process.exit(error.exitCode);
}

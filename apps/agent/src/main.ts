#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENTS, type Environment } from '@provefleet/orchestrator-client';
import { PROFILE_NAMES } from '@provefleet/scheduling';
import { Command, InvalidArgumentError, Option } from 'commander';
import { backends } from './backends.js';
import { systemClock } from './clock.js';
import { anonymous } from './commands/anonymous.js';
import { bench } from './commands/bench.js';
import { doctor, doctorText } from './commands/doctor.js';
import { join } from './commands/join.js';
import { leave } from './commands/leave.js';
import { prove, verify } from './commands/proofs.js';
import { registerNode, registerUser } from './commands/register.js';
import { run } from './commands/run.js';
import { status, statusText } from './commands/status.js';
import { AgentError } from './errors.js';
import { createLogger } from './logging.js';
import { nodeFileSystem } from './state/files.js';
import { stateDirectory } from './state/paths.js';
import { AGENT_VERSION } from './version.js';
import { forkWorkers } from './workers/spawn.js';

const WORKER_ENTRY = fileURLToPath(new URL('./worker.js', import.meta.url));
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
      await run({ stateDirectory: directory(stateDir), workerEntry: WORKER_ENTRY, ...(logFile === undefined ? {} : { logFile }) });
    });

  root
    .command('anonymous')
    .description('prove (9, 1, 1) every 300 ms for nobody: no node, nothing fetched, nothing handed in')
    .option('--workers <count>', 'worker processes', threadCount, 1)
    .option('--backend <name>', 'prover', 'native')
    .action(async ({ workers, backend }: { workers: number; backend: string }) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
      await anonymous({ backend, workers, clock: systemClock, logger: createLogger('info'), spawn: forkWorkers(WORKER_ENTRY, 0) }, stop.signal);
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

  root
    .command('doctor')
    .description('look at everything proving depends on; exit code 1 when there is a problem')
    .option('--json', 'as JSON', false)
    .addOption(stateOption())
    .action(async ({ stateDir, json }: { stateDir?: string; json: boolean }) => {
      const findings = await doctor(nodeFileSystem, directory(stateDir), backends());
      print(json ? JSON.stringify(findings, null, 2) : doctorText(findings));
      if (findings.some(({ result }) => result === 'problem')) process.exitCode = 1;
    });

  root
    .command('leave')
    .description('take this machine out of its fleet; its keys stay')
    .option('--force', 'abandon unfinished tasks', false)
    .addOption(stateOption())
    .action(async ({ stateDir, force }: { stateDir?: string; force: boolean }) => {
      await leave(nodeFileSystem, { stateDirectory: directory(stateDir), force });
      print('left the fleet; an operator can now remove the machine from the dashboard');
    });

  addProofCommands(root);
  addBenchCommand(root);
  addRegisterCommands(root);
  return root;
}

interface ProofFlags {
  backend: string;
  threads: number;
  json: boolean;
}

function addProofCommands(root: Command): void {
  const threads = () => new Option('--threads <count>', 'threads of the proof').argParser(threadCount).default(availableParallelism());
  root
    .command('prove')
    .description('make one proof here and verify it, without any network')
    .argument('<program>', 'fib_input_initial (n a b) or fast-fib (n)')
    .argument('<numbers...>', 'the input')
    .option('--out <path>', 'write the proof to this file')
    .option('--backend <name>', 'prover', 'native')
    .addOption(threads())
    .option('--json', 'as JSON', false)
    .action(async (name: string, numbers: string[], { out, backend, threads: count, json }: ProofFlags & { out?: string }) => {
      const onStage = (stage: string) => void (!json && process.stderr.isTTY && writeSync(2, `\r\x1b[K${stage}…`));
      const answer = await prove({ program: name, numbers, backend, threads: count, ...(out === undefined ? {} : { out }) }, backends(), onStage);
      if (!json && process.stderr.isTTY) writeSync(2, '\r\x1b[K');
      print(json ? JSON.stringify(answer, null, 2) : `${answer.program}(${answer.input}) = ${answer.result}\nproved and verified in ${answer.milliseconds} ms, ${answer.proofBytes} bytes${answer.file === null ? '' : `, in ${answer.file}`}`);
    });

  root
    .command('verify')
    .description('check a proof made by prove; exit code 1 when it does not hold')
    .argument('<program>', 'fib_input_initial (n a b) or fast-fib (n)')
    .argument('<numbers...>', 'the input')
    .requiredOption('--proof <path>', 'the proof')
    .requiredOption('--result <number>', 'the result that is claimed')
    .option('--backend <name>', 'prover', 'native')
    .addOption(threads())
    .option('--json', 'as JSON', false)
    .action(async (name: string, numbers: string[], { proof, result, backend, threads: count, json }: ProofFlags & { proof: string; result: string }) => {
      const securityBits = await verify({ program: name, numbers, backend, threads: count, proof, result }, backends());
      print(json ? JSON.stringify({ valid: true, securityBits }) : `the proof holds, at ${securityBits} bits`);
    });
}

interface BenchFlags extends ProofFlags {
  n: number;
  seconds: number;
}

function addBenchCommand(root: Command): void {
  const number = (least: number, most: number) => (text: string) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) throw new InvalidArgumentError(`must be a number from ${least} to ${most}.`);
    return value;
  };
  root
    .command('bench')
    .description('how fast this machine proves: proofs of one size, one after the other')
    .option('--n <n>', 'steps of fib_input_initial', number(0, 2 ** 20), 65_535)
    .option('--seconds <count>', 'how long', number(1, 3600), 10)
    .option('--backend <name>', 'prover', 'native')
    .addOption(new Option('--threads <count>', 'threads of a proof').argParser(threadCount).default(availableParallelism()))
    .option('--json', 'as JSON', false)
    .action(async ({ json, ...options }: BenchFlags) => {
      const shown = !json && process.stderr.isTTY;
      const answer = await bench(options, backends(), (done) => void (shown && writeSync(2, `\r\x1b[K${done} proofs…`)));
      if (shown) writeSync(2, '\r\x1b[K');
      print(json ? JSON.stringify(answer, null, 2) : `n = ${answer.n}, ${answer.threads} threads, build ${answer.cpuBuild}: median ${answer.medianMs} ms, p95 ${answer.p95Ms} ms, ${answer.proofsPerMinute} proofs a minute (${answer.proofs} proofs of ${answer.proofBytes} bytes, peak memory ${Math.round(answer.peakMemoryBytes / 2 ** 20)} MiB)`);
    });
}

function threadCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024) throw new InvalidArgumentError('must be a number from 1 to 1024.');
  return value;
}

interface RegisterFlags {
  wallet: string;
  environment: Environment;
  orchestratorUrl?: string;
  allowInsecure: boolean;
  json: boolean;
}

function addRegisterCommands(root: Command): void {
  const registering = (parent: string, description: string) =>
    root
      .command(parent)
      .description(description)
      .command('register')
      .requiredOption('--wallet <address>', 'wallet address, with or without an EIP-55 checksum')
      .addOption(new Option('--environment <name>', 'which network').choices(ENVIRONMENTS).default('local'))
      .option('--orchestrator-url <url>', 'address of the orchestrator (environments local and custom)')
      .option('--allow-insecure', 'take plain http beyond loopback', false)
      .option('--json', 'as JSON', false);

  registering('user', 'the wallet a node proves for').action(async ({ json, ...options }: RegisterFlags) => {
    const user = await registerUser(options);
    print(json ? JSON.stringify(user) : `user ${user.userId}, wallet ${user.wallet}${user.isNew ? '' : ' (known already)'}`);
  });
  registering('node', 'nodes of a wallet').action(async ({ json, ...options }: RegisterFlags) => {
    const node = await registerNode(options);
    print(json ? JSON.stringify(node) : `node ${node.nodeId}, wallet ${node.wallet}`);
  });
}

try {
  await program().parseAsync();
  process.exit(process.exitCode ?? 0);
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  writeSync(2, `provefleet-agent: ${error.message}\n`);
  process.exit(error.exitCode);
}

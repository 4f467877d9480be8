import { TASK_DIFFICULTY, TASK_TYPE, OrchestratorError, enumName, wire, type WireTask } from '@provefleet/orchestrator-client';
import type { ProverBackend } from '@provefleet/prover';
import { WrongProofError, checkSubmission } from './checker.js';
import { TaskGenerator } from './generator.js';
import { Ledger, type TaskRecord } from './ledger.js';
import type { Log } from './log.js';
import { Nodes, type NodeRecord } from './nodes.js';
import type { OrchestratorOptions } from './options.js';
import { SeededRandom } from './random.js';
import { SCENARIOS, chooseScenario, type ScenarioChoice } from './scenarios/index.js';
import type { CallKind, ScenarioRun, WireRequest } from './scenarios/scenario.js';
import { WireError, errorAnswer, messageAnswer, type Answer } from './wire-error.js';

export interface OrchestratorParts {
  readonly verifier: Pick<ProverBackend, 'verify'>;
  readonly log: Log;
  /** Milliseconds since the epoch. Default: Date.now. */
  readonly wallNow?: () => number;
}

const EMPTY = new Uint8Array();
/** Statuses of a submit after which no client should come back with the same task. */
const FINAL_REFUSALS = new Set([400, 401, 403, 404, 409, 410, 413, 422]);

/** What the network's orchestrator does, without HTTP: bytes in, an answer out. */
export class Orchestrator {
  readonly ledger: Ledger;
  private readonly nodes: Nodes;
  private readonly generator: TaskGenerator;
  private readonly wallNow: () => number;
  private readonly random: SeededRandom;
  /** Submits under way, one chain for each task: two of the same task must not both be accepted. */
  private readonly busy = new Map<string, Promise<Answer>>();
  private tokens: number;
  private tokensAt: number;
  private choice: ScenarioChoice | null = null;
  private scenario: ScenarioRun = {};

  constructor(
    private readonly options: OrchestratorOptions,
    private readonly parts: OrchestratorParts,
  ) {
    this.wallNow = parts.wallNow ?? Date.now;
    this.ledger = new Ledger(this.wallNow, options.ledgerFile);
    this.random = new SeededRandom(`${options.seed}/trouble`);
    this.nodes = new Nodes(new SeededRandom(`${options.seed}/nodes`), options.strictNodes);
    this.generator = new TaskGenerator(options);
    this.tokens = this.burst;
    this.tokensAt = this.wallNow();
    if (options.scenario) this.switchScenario(options.scenario);
  }

  /** Switches trouble on, to another kind, or off with null. */
  switchScenario(choice: ScenarioChoice | null): void {
    this.choice = choice;
    this.scenario = choice ? choice.scenario.create({ now: this.wallNow, random: this.random }, choice.params) : {};
    this.parts.log('scenario', { name: choice?.scenario.name ?? 'none', params: choice?.params });
  }

  /** By the name and parameters of a request. @throws RangeError for what does not exist or fit. */
  switchScenarioByName(name: string, params: Readonly<Record<string, unknown>>): void {
    this.switchScenario(name === 'none' ? null : chooseScenario(name, params));
  }

  get scenarioView(): unknown {
    return {
      current: this.choice ? { name: this.choice.scenario.name, params: this.choice.params } : { name: 'none', params: {} },
      scenarios: SCENARIOS.map(({ name, summary, params }) => ({ name, summary, params })),
    };
  }

  /** The orchestrator's idea of the time, for the Date header. */
  skewedNow(): number {
    return this.wallNow() + (this.scenario.skewMs?.() ?? 0);
  }

  /** @param id what the path names, decoded: a wallet or a node id */
  async handle(call: CallKind, id: string, body: Uint8Array): Promise<Answer> {
    const request: WireRequest = { call, account: this.accountOf(call, body) };
    const scenario = this.scenario;
    const instead = scenario.before?.(request);
    if (instead) {
      if (call === 'submit' && !instead.delivery) this.refusedByScenario(body, instead);
      return instead;
    }
    const answer = await this.answer(call, id, body);
    return scenario.after?.(request, answer) ?? answer;
  }

  private async answer(call: CallKind, id: string, body: Uint8Array): Promise<Answer> {
    try {
      switch (call) {
        case 'version':
          return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ version_constraints: [], ofac_country_names: {} })) };
        case 'register-user': {
          const { uuid, walletAddress } = wire.registerUserRequest.decode(body);
          this.nodes.registerUser(uuid, walletAddress);
          return messageAnswer();
        }
        case 'user': {
          const { user, nodes } = this.nodes.userByWallet(id);
          return messageAnswer(wire.userResponse.encode({ ...user, nodes: nodes.map(({ nodeId, nodeType }) => ({ nodeId, nodeType })) }));
        }
        case 'register-node': {
          const { userId, nodeType } = wire.registerNodeRequest.decode(body);
          return messageAnswer(wire.registerNodeResponse.encode({ nodeId: this.nodes.registerNode(userId, nodeType).nodeId }));
        }
        case 'node':
          return messageAnswer(wire.getNodeResponse.encode({ walletAddress: this.nodes.node(id).user.walletAddress }));
        case 'assigned': {
          const { nodeId } = this.nodes.node(id);
          return messageAnswer(wire.getTasksResponse.encode({ tasks: this.ledger.openTasks(nodeId).map((record) => this.toWire(record)) }));
        }
        case 'fetch':
          return this.fetch(body);
        case 'submit':
          return await this.submit(body);
      }
    } catch (error) {
      if (error instanceof WireError) return errorAnswer(error.status, error.kind, error.message);
      if (error instanceof OrchestratorError) return errorAnswer(400, 'BadRequestError', error.message);
      throw error;
    }
  }

  private fetch(body: Uint8Array): Answer {
    const { nodeId, ed25519PublicKey, maxDifficulty } = wire.getProofTaskRequest.decode(body);
    if (ed25519PublicKey.length !== 32) throw new WireError(400, 'BadRequestError', `ed25519_public_key has ${ed25519PublicKey.length} bytes, not 32`);
    const wanted = enumName(TASK_DIFFICULTY, maxDifficulty);
    if (!wanted) throw new WireError(400, 'BadRequestError', `max_difficulty ${maxDifficulty} is unknown`);
    const node = this.nodes.node(nodeId);
    node.publicKey = Buffer.from(ed25519PublicKey).toString('hex');

    if (this.scenario.repeatTask?.()) {
      const newest = this.newestOf(node);
      if (newest) return this.taskAnswer(newest);
    }
    if (this.options.limit !== null && this.ledger.size >= this.options.limit) throw new WireError(404, 'NotFoundError', 'there are no more tasks');
    if (!this.takeToken()) throw new WireError(404, 'NotFoundError', 'there is no task now');
    const task = this.generator.task(this.ledger.size, wanted);
    const record = this.ledger.issue(task, node.nodeId, ed25519PublicKey, this.scenario.deadlineMs?.() ?? this.options.deadlineMs);
    this.parts.log('issued', { taskId: record.taskId, nodeId, program: record.program, taskType: record.taskType, inputs: record.inputs.length, requested: wanted, granted: record.difficulty });
    return this.taskAnswer(record);
  }

  private taskAnswer(record: TaskRecord): Answer {
    const task = this.toWire(record);
    return messageAnswer(wire.getProofTaskResponse.encode({ task: this.scenario.task?.(task) ?? task }));
  }

  private async submit(body: Uint8Array): Promise<Answer> {
    const submission = wire.submitProofRequest.decode(body);
    const { taskId } = submission;
    const earlier = this.busy.get(taskId) ?? Promise.resolve();
    const mine = earlier.then(async () => {
      const record = this.ledger.get(taskId);
      if (!record) throw new WireError(404, 'NotFoundError', 'no task has this id');
      if (record.state === 'accepted') {
        this.ledger.duplicate();
        throw new WireError(409, 'ConflictError', 'a proof of this task was accepted before');
      }
      if (record.state === 'expired') throw new WireError(404, 'NotFoundError', 'the task was not handed in by its deadline');
      const publicKey = this.nodes.currentKey(record.nodeId);
      try {
        const verified = await checkSubmission(submission, record, [record.publicKey, ...(publicKey ? [publicKey] : [])], {
          verifier: this.parts.verifier,
          requireNative: this.options.requireNative,
        });
        this.ledger.accept(record, verified);
        this.parts.log('accepted', { taskId, nodeId: record.nodeId, verified, tookMs: this.wallNow() - record.issuedAt });
        return messageAnswer(EMPTY);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.ledger.refuse(record, error.message, error instanceof WrongProofError ? false : null);
        this.parts.log('refused', { taskId, nodeId: record.nodeId, status: error.status, reason: error.message });
        throw error;
      }
    });
    // The chain goes on whatever becomes of this link; the caller below gets its error.
    const link = mine.catch(() => messageAnswer());
    this.busy.set(taskId, link);
    try {
      return await mine;
    } finally {
      if (this.busy.get(taskId) === link) this.busy.delete(taskId);
    }
  }

  /** A submit that a scenario has finally refused will not come again: the ledger says why. */
  private refusedByScenario(body: Uint8Array, answer: Answer): void {
    if (!FINAL_REFUSALS.has(answer.status)) return;
    const taskId = decoded(() => wire.submitProofRequest.decode(body).taskId);
    const record = taskId === null ? undefined : this.ledger.get(taskId);
    if (record) this.ledger.refuse(record, `status ${answer.status} of scenario ${this.choice?.scenario.name}`);
  }

  private accountOf(call: CallKind, body: Uint8Array): string | null {
    if (call !== 'fetch') return null;
    return decoded(() => this.nodes.node(wire.getProofTaskRequest.decode(body).nodeId).user.userId);
  }

  private newestOf(node: NodeRecord): TaskRecord | undefined {
    return this.ledger.all().findLast(({ nodeId }) => nodeId === node.nodeId);
  }

  private toWire(record: TaskRecord): WireTask {
    const createdAt = record.issuedAt + (this.scenario.skewMs?.() ?? 0);
    return {
      taskId: record.taskId,
      programId: record.program,
      publicInputs: EMPTY,
      createdAt: { seconds: Math.floor(createdAt / 1000), nanos: (createdAt % 1000) * 1e6 },
      publicInputsList: record.inputs.map((hex) => Buffer.from(hex, 'hex')),
      taskType: TASK_TYPE[record.taskType],
      difficulty: TASK_DIFFICULTY[record.difficulty],
    };
  }

  private get burst(): number {
    return Math.max(1, Math.ceil(this.options.rate ?? 1));
  }

  private takeToken(): boolean {
    const { rate } = this.options;
    if (rate === null) return true;
    const now = this.wallNow();
    this.tokens = Math.min(this.burst, this.tokens + (Math.max(0, now - this.tokensAt) / 1000) * rate);
    this.tokensAt = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}

/** What `read` gives, or null when the bytes or ids are wrong: the handler of the call will say so. */
function decoded<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof OrchestratorError || error instanceof WireError) return null;
    throw error;
  }
}

import { checkedUrl } from './environments.js';
import { OrchestratorError, parseErrorBody, parseRetryAfter } from './errors.js';
import { DEFAULT_LIMITS, HttpTransport, type HttpLimits } from './http.js';
import { taskFromAnswer, taskFromWire, type Task } from './task.js';
import { NODE_TYPE, TASK_DIFFICULTY, enumName, wire, type NodeType, type SubmitProofRequest, type TaskDifficulty } from './wire.js';

/** What a client says it is when nothing else is configured. */
export const DEFAULT_USER_AGENT = 'provefleet/0.1.0';
/** The X-Build-Timestamp sent when nothing else is configured: the day of this release, in ms since the epoch. */
export const DEFAULT_BUILD_TIMESTAMP = Date.UTC(2026, 10, 24);

export interface OrchestratorClientOptions {
  /** See {@link orchestratorUrl}. A path in it is kept as a prefix. */
  readonly url: URL | string;
  readonly userAgent?: string;
  /** Milliseconds since the epoch. */
  readonly buildTimestamp?: number;
  readonly limits?: Partial<HttpLimits>;
  /** Take plain http beyond loopback too. Default: false. */
  readonly allowInsecureHttp?: boolean;
  /** Wall clock in ms since the epoch, for Retry-After dates of servers that do not tell their own. Default: Date.now. */
  readonly wallNow?: () => number;
}

export interface User {
  readonly userId: string;
  readonly walletAddress: string;
  readonly nodes: readonly { readonly nodeId: string; readonly nodeType: NodeType | null }[];
  /** Empty when there are no more nodes. */
  readonly nodesNextCursor: string;
}

export interface TaskRequest {
  readonly nodeId: string;
  /** The node's Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Default: SMALL, which the wire leaves out. */
  readonly maxDifficulty?: TaskDifficulty;
  /** Default: CLI_PROVER. */
  readonly nodeType?: NodeType;
}

export interface AssignedTasks {
  /** The well-formed ones, in the server's order. */
  readonly tasks: readonly Task[];
  /** One error (`MissingTask`, `UnknownTaskType`) for each of the others. */
  readonly refused: readonly OrchestratorError[];
  readonly nextCursor: string;
}

/**
 * The network's orchestrator. One instance keeps its connections open; `close` it at the end. Every method rejects with
 * an {@link OrchestratorError} and with nothing else; none retries by itself.
 */
export class OrchestratorClient {
  readonly url: URL;
  private readonly transport: HttpTransport;
  private readonly userAgent: string;
  private readonly buildTimestamp: string;
  private readonly wallNow: () => number;

  /** @throws OrchestratorError `InvalidRequest` for an address that is not acceptable. */
  constructor(options: OrchestratorClientOptions) {
    this.url = checkedUrl(String(options.url), options.allowInsecureHttp);
    this.transport = new HttpTransport({ ...DEFAULT_LIMITS, ...options.limits });
    this.userAgent = options.userAgent ?? DEFAULT_USER_AGENT;
    this.buildTimestamp = String(options.buildTimestamp ?? DEFAULT_BUILD_TIMESTAMP);
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** @param user `uuid`: a UUIDv4 made by the caller, the user's id from then on */
  async registerUser(user: { uuid: string; walletAddress: string }, signal?: AbortSignal): Promise<void> {
    await this.call('POST', 'v3/users', wire.registerUserRequest.encode(user), signal);
  }

  async getUser(walletAddress: string, signal?: AbortSignal): Promise<User> {
    const answer = wire.userResponse.decode(await this.call('GET', `v3/users/${encodeURIComponent(walletAddress)}`, undefined, signal));
    return {
      userId: answer.userId,
      walletAddress: answer.walletAddress,
      nodes: answer.nodes.map((node) => ({ nodeId: node.nodeId, nodeType: enumName(NODE_TYPE, node.nodeType) ?? null })),
      nodesNextCursor: answer.nodesNextCursor,
    };
  }

  /** Registers a new node of a user; the answer is the node's id. */
  async registerNode(node: { userId: string; nodeType?: NodeType }, signal?: AbortSignal): Promise<string> {
    const body = wire.registerNodeRequest.encode({ nodeType: NODE_TYPE[node.nodeType ?? 'CLI_PROVER'], userId: node.userId });
    const { nodeId } = wire.registerNodeResponse.decode(await this.call('POST', 'v3/nodes', body, signal));
    if (nodeId === '') throw new OrchestratorError('Undecodable', 'the answer holds no node_id', { call: 'POST v3/nodes' });
    return nodeId;
  }

  /** The wallet a node belongs to. */
  async getNode(nodeId: string, signal?: AbortSignal): Promise<{ walletAddress: string }> {
    return wire.getNodeResponse.decode(await this.call('GET', `v3/nodes/${encodeURIComponent(nodeId)}`, undefined, signal));
  }

  /** Tasks the server has assigned to a node already (servers of the 0.9 line). */
  async getAssignedTasks(nodeId: string, signal?: AbortSignal): Promise<AssignedTasks> {
    const answer = wire.getTasksResponse.decode(await this.call('GET', `v3/tasks/${encodeURIComponent(nodeId)}`, undefined, signal));
    const tasks: Task[] = [];
    const refused: OrchestratorError[] = [];
    for (const task of answer.tasks) {
      try {
        tasks.push(taskFromWire(task));
      } catch (error) {
        if (!(error instanceof OrchestratorError)) throw error;
        refused.push(error);
      }
    }
    return { tasks, refused, nextCursor: answer.nextCursor };
  }

  /** Asks for the next task. No task is the error `MissingTask`, or `HttpStatus` 404. */
  async getProofTask(request: TaskRequest, signal?: AbortSignal): Promise<Task> {
    if (request.publicKey.length !== 32) throw new OrchestratorError('InvalidRequest', `an Ed25519 public key has 32 bytes, not ${request.publicKey.length}`);
    const body = wire.getProofTaskRequest.encode({
      nodeId: request.nodeId,
      nodeType: NODE_TYPE[request.nodeType ?? 'CLI_PROVER'],
      ed25519PublicKey: request.publicKey,
      maxDifficulty: TASK_DIFFICULTY[request.maxDifficulty ?? 'SMALL'],
    });
    return taskFromAnswer(wire.getProofTaskResponse.decode(await this.call('POST', 'v3/tasks', body, signal)));
  }

  /**
   * Hands in a finished task; see {@link buildSubmission}. Returning means accepted. After an error with `uncertain` the
   * server may have accepted it nonetheless, and says 409 to the next attempt.
   */
  async submitProof(submission: SubmitProofRequest, signal?: AbortSignal): Promise<void> {
    await this.call('POST', 'v3/tasks/submit', wire.submitProofRequest.encode(submission), signal);
  }

  /** Closes the kept connections. */
  close(): void {
    this.transport.close();
  }

  private async call(method: 'GET' | 'POST', path: string, body: Uint8Array | undefined, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const call = `${method} ${callName(path)}`;
    const url = new URL(this.url.href.endsWith('/') ? this.url.href : `${this.url.href}/`);
    url.pathname += path;
    const headers: [string, string][] = [
      ...(body ? [['content-type', 'application/octet-stream'] as [string, string]] : []),
      ['user-agent', this.userAgent],
      ['x-build-timestamp', this.buildTimestamp],
      ['accept', '*/*'],
      ['host', url.host],
      ...(body ? [['content-length', String(body.length)] as [string, string]] : []),
    ];
    const response = await this.transport.send({ method, url, headers, body, signal, call });
    if (response.status < 200 || response.status > 299) {
      const errorBody = parseErrorBody(response.body);
      const said = errorBody ? `: ${[errorBody.name, errorBody.message].filter(Boolean).join(': ')}` : '';
      throw new OrchestratorError('HttpStatus', `status ${response.status}${said}`, {
        call,
        status: response.status,
        body: errorBody,
        retryAfterMs: parseRetryAfter(response.headers['retry-after'], this.serverNow(response.headers.date)),
      });
    }
    // A captive portal or proxy page with status 200 must not pass for "accepted".
    if (/^text\/html\b/i.test(response.headers['content-type'] ?? '')) {
      throw new OrchestratorError('Undecodable', 'the answer is a web page, not the orchestrator’s', { call, status: response.status });
    }
    return response.body;
  }

  /** A Retry-After date is by the server's clock, which its Date header tells; ours may be off. */
  private serverNow(dateHeader: string | undefined): number {
    const told = Date.parse(dateHeader ?? '');
    return Number.isNaN(told) ? this.wallNow() : told;
  }
}

/** The path without what it identifies, so that errors can be counted by call. */
function callName(path: string): string {
  return path.replace(/^(v3\/(?:users|nodes|tasks))\/(?!submit$).*/, '$1/{id}');
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { proofHash, TASK_TYPE, taskProofHash, verifyProofSignature, wire, type SubmitProofRequest, type TaskType } from '@provefleet/orchestrator-client';

export interface LedgerEntry {
  readonly taskId: string;
  readonly nodeId: string;
  readonly program: string;
  readonly inputs: readonly Uint8Array[];
  readonly taskType: TaskType;
  state: 'issued' | 'accepted' | 'refused';
  /** Every submit that arrived, in order. */
  readonly submits: SubmitProofRequest[];
  accepts: number;
}

export interface NewTask {
  readonly program?: string;
  readonly inputs?: readonly Uint8Array[];
  readonly taskType?: TaskType;
  readonly taskId?: string;
}

type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | 'accept-and-hang-up' | 'hang' | null;

/** Three little-endian u32. */
export function fibInput(n: number, a = 1, b = 1): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(n, 0);
  bytes.writeUInt32LE(a, 4);
  bytes.writeUInt32LE(b, 8);
  return Uint8Array.from(bytes);
}

/** An orchestrator on loopback that keeps a ledger, hands out what a test queues, and misbehaves when told. */
export class TestOrchestrator {
  readonly ledger = new Map<string, LedgerEntry>();
  readonly queue: NewTask[] = [];
  /** Makes tasks without end when set. */
  endless: (() => NewTask) | null = null;
  onFetch: (() => Reply) | null = null;
  onSubmit: ((request: SubmitProofRequest, entry: LedgerEntry | undefined) => Reply) | null = null;
  fetches = 0;
  private server: Server | null = null;
  private nextId = 1;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.handle(request, response).catch((error: unknown) => this.refuse(response, 500, String(error)));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  count(state: LedgerEntry['state']): number {
    return [...this.ledger.values()].filter((entry) => entry.state === state).length;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    switch (`${request.method} ${request.url}`) {
      case 'POST /v3/users':
        response.end();
        return;
      case 'POST /v3/nodes':
        response.end(wire.registerNodeResponse.encode({ nodeId: `node-${this.nextId++}` }));
        return;
      case 'POST /v3/tasks':
        this.fetch(wire.getProofTaskRequest.decode(body).nodeId, response);
        return;
      case 'POST /v3/tasks/submit':
        this.submit(wire.submitProofRequest.decode(body), response);
        return;
      default:
        this.refuse(response, 404, 'no such page');
    }
  }

  private fetch(nodeId: string, response: ServerResponse): void {
    this.fetches++;
    if (this.misbehave(this.onFetch?.() ?? null, response)) return;
    const task = this.queue.shift() ?? this.endless?.();
    if (!task) {
      this.refuse(response, 404, 'no task');
      return;
    }
    const entry: LedgerEntry = {
      taskId: task.taskId ?? `task-${this.nextId++}`,
      nodeId,
      program: task.program ?? 'fib_input_initial',
      inputs: task.inputs ?? [fibInput(9)],
      taskType: task.taskType ?? 'PROOF_REQUIRED',
      state: 'issued',
      submits: [],
      accepts: 0,
    };
    if (!this.ledger.has(entry.taskId)) this.ledger.set(entry.taskId, entry);
    response.end(
      wire.getProofTaskResponse.encode({
        task: { taskId: entry.taskId, programId: entry.program, publicInputs: new Uint8Array(), createdAt: null, publicInputsList: [...entry.inputs], taskType: TASK_TYPE[entry.taskType], difficulty: 0 },
      }),
    );
  }

  private submit(request: SubmitProofRequest, response: ServerResponse): void {
    const entry = this.ledger.get(request.taskId);
    entry?.submits.push(request);
    const reply = this.onSubmit?.(request, entry) ?? null;
    if (reply !== 'accept-and-hang-up' && this.misbehave(reply, response)) return;
    const problem = this.judge(request, entry);
    if (problem) {
      if (entry && problem.status !== 409) entry.state = 'refused';
      this.refuse(response, problem.status, problem.message);
      return;
    }
    if (entry) {
      entry.state = 'accepted';
      entry.accepts++;
    }
    if (reply === 'accept-and-hang-up') response.socket?.destroy();
    else response.end();
  }

  private judge(request: SubmitProofRequest, entry: LedgerEntry | undefined): { status: number; message: string } | null {
    if (!entry) return { status: 404, message: 'unknown task' };
    if (entry.state === 'accepted') return { status: 409, message: 'already submitted' };
    if (!verifyProofSignature(request.ed25519PublicKey, request.taskId, request.proofHash, request.signature)) return { status: 422, message: 'bad signature' };
    if (entry.taskType === 'PROOF_REQUIRED' && taskProofHash(entry.taskType, request.proofs.map((proof) => proofHash(proof))) !== request.proofHash) return { status: 422, message: 'bad hash' };
    if (entry.taskType === 'ALL_PROOF_HASHES' && (request.proofs.length > 0 || taskProofHash(entry.taskType, request.allProofHashes) !== request.proofHash)) return { status: 422, message: 'bad hashes' };
    if (entry.taskType === 'PROOF_HASH' && (request.proofs.length > 0 || request.allProofHashes.length > 0)) return { status: 422, message: 'unwanted payload' };
    return null;
  }

  private misbehave(reply: Reply, response: ServerResponse): boolean {
    if (reply === null || reply === 'accept-and-hang-up') return false;
    if (reply !== 'hang') response.writeHead(reply.status, reply.headers).end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
    return true;
  }

  private refuse(response: ServerResponse, status: number, message: string): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ name: 'TestError', message, httpCode: status }));
  }
}

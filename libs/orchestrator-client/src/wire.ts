import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { OrchestratorError } from './errors.js';

/** Numbers of the wire's enums, by the names used everywhere else. */
export const NODE_TYPE = { WEB_PROVER: 0, CLI_PROVER: 1 } as const;
export type NodeType = keyof typeof NODE_TYPE;

export const TASK_TYPE = { PROOF_REQUIRED: 0, PROOF_HASH: 1, ALL_PROOF_HASHES: 2 } as const;
export type TaskType = keyof typeof TASK_TYPE;

export const TASK_DIFFICULTY = {
  SMALL: 0,
  SMALL_MEDIUM: 3,
  MEDIUM: 5,
  LARGE: 10,
  EXTRA_LARGE: 15,
  EXTRA_LARGE_2: 16,
  EXTRA_LARGE_3: 17,
  EXTRA_LARGE_4: 18,
  EXTRA_LARGE_5: 19,
} as const;
export type TaskDifficulty = keyof typeof TASK_DIFFICULTY;

/** The name of an enum's number, or undefined when the number is none of ours. */
export function enumName<Name extends string>(numbers: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(numbers) as Name[]).find((name) => numbers[name] === value);
}

// The messages as they are on the wire. Enums are numbers, since a peer may send one we do not know.

export interface RegisterUserRequest {
  uuid: string;
  walletAddress: string;
}
export interface WireNode {
  nodeId: string;
  nodeType: number;
}
export interface UserResponse {
  nodes: WireNode[];
  nodesNextCursor: string;
  userId: string;
  walletAddress: string;
}
export interface RegisterNodeRequest {
  nodeType: number;
  userId: string;
}
export interface RegisterNodeResponse {
  nodeId: string;
}
export interface GetNodeResponse {
  walletAddress: string;
}
export interface WireTimestamp {
  /** Seconds since the epoch. */
  seconds: number;
  nanos: number;
}
export interface WireTask {
  taskId: string;
  programId: string;
  publicInputs: Uint8Array;
  createdAt: WireTimestamp | null;
  publicInputsList: Uint8Array[];
  taskType: number;
  difficulty: number;
}
export interface GetTasksRequest {
  nodeId: string;
  nextCursor: string;
}
export interface GetTasksResponse {
  tasks: WireTask[];
  nextCursor: string;
}
export interface GetProofTaskRequest {
  nodeId: string;
  nodeType: number;
  ed25519PublicKey: Uint8Array;
  maxDifficulty: number;
}
export interface GetProofTaskResponse {
  programId: string;
  publicInputs: Uint8Array;
  taskId: string;
  task: WireTask | null;
}
export interface NodeTelemetry {
  /** GFLOP/s, whole. */
  flopsPerSec?: number;
  /** MiB × 1000. */
  memoryUsed?: number;
  /** MiB × 1000. */
  memoryCapacity?: number;
  /** Two-letter country. */
  location?: string;
}
export interface SubmitProofRequest {
  nodeType: number;
  proofHash: string;
  nodeTelemetry: NodeTelemetry | null;
  proof: Uint8Array;
  taskId: string;
  ed25519PublicKey: Uint8Array;
  signature: Uint8Array;
  allProofHashes: string[];
  proofs: Uint8Array[];
}

/** Turns one message into bytes and back. Absent fields read as the type's zero value. */
export interface Codec<Message> {
  /** Fields in ascending order; zero values take no bytes. */
  encode(message: { [Field in keyof Message]?: Message[Field] }): Uint8Array;
  /** @throws OrchestratorError `Undecodable` when the bytes are no such message. */
  decode(bytes: Uint8Array): Message;
}

const root = new protobuf.Root();
root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
// One level above this file both in src and in dist.
protobuf.parse(readFileSync(new URL('../proto/orchestrator.proto', import.meta.url), 'utf8'), root);
root.resolveAll();

function codec<Message>(name: string): Codec<Message> {
  const type = root.lookupType(`nexus.orchestrator.${name}`);
  return {
    encode(message) {
      return type.encode(type.fromObject(message)).finish();
    },
    decode(bytes) {
      try {
        return type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: Number }) as Message;
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new OrchestratorError('Undecodable', `not a ${name} message (${bytes.length} bytes): ${why}`, {}, { cause });
      }
    },
  };
}

/** Codecs of every message of the wire, for clients and servers alike. */
export const wire = {
  registerUserRequest: codec<RegisterUserRequest>('RegisterUserRequest'),
  userResponse: codec<UserResponse>('UserResponse'),
  registerNodeRequest: codec<RegisterNodeRequest>('RegisterNodeRequest'),
  registerNodeResponse: codec<RegisterNodeResponse>('RegisterNodeResponse'),
  getNodeResponse: codec<GetNodeResponse>('GetNodeResponse'),
  getTasksRequest: codec<GetTasksRequest>('GetTasksRequest'),
  getTasksResponse: codec<GetTasksResponse>('GetTasksResponse'),
  getProofTaskRequest: codec<GetProofTaskRequest>('GetProofTaskRequest'),
  getProofTaskResponse: codec<GetProofTaskResponse>('GetProofTaskResponse'),
  submitProofRequest: codec<SubmitProofRequest>('SubmitProofRequest'),
} as const;

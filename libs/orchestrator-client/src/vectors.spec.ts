import { readFileSync } from 'node:fs';
import {
  NODE_TYPE,
  TASK_DIFFICULTY,
  buildSubmission,
  combinedHash,
  generateSigningKey,
  nodeTelemetry,
  proofHash,
  signProof,
  signedText,
  signingKeyFromSecret,
  taskFromAnswer,
  verifyProofSignature,
  wire,
  type SubmitProofRequest,
  type TaskType,
} from './index.js';

interface Vectors {
  requests: { name: string; body_hex: string }[];
  signatures: { public_key: string; message: string; signature: string }[];
  proof_hashes: Record<string, string>;
  combined_hashes: { of: string[]; task_type: TaskType; hash: string }[];
}

const vectors = JSON.parse(readFileSync(new URL('../test/data/orchestrator-wire.json', import.meta.url), 'utf8')) as Vectors;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const recorded = (name: string): string => {
  const found = vectors.requests.find((request) => request.name === name);
  if (!found) throw new Error(`no recorded request is called ${name}`);
  return found.body_hex;
};

describe('recorded requests, encoded again from their fields', () => {
  const userId = '3834169f-fe69-49ce-b4b0-8b1159ff49b4';

  test('RegisterUser', () => {
    const body = wire.registerUserRequest.encode({ uuid: userId, walletAddress: '0x52908400098527886E0F7030069857D2E4169EE7' });
    expect(hex(body)).toBe(recorded('RegisterUser_root_1'));
  });

  test('RegisterNode', () => {
    expect(hex(wire.registerNodeRequest.encode({ nodeType: NODE_TYPE.CLI_PROVER, userId }))).toBe(recorded('RegisterNode_root_1'));
  });

  test('GetProofTask asking for SMALL_MEDIUM', () => {
    const body = wire.getProofTaskRequest.encode({
      nodeId: '12345',
      nodeType: NODE_TYPE.CLI_PROVER,
      ed25519PublicKey: bytes('98acde59e39bf78aa7564fda47afad81d5ed4d718a3010c1091f2aa4e568cfcc'),
      maxDifficulty: TASK_DIFFICULTY.SMALL_MEDIUM,
    });
    expect(hex(body)).toBe(recorded('GetProofTask_req1_1'));
  });

  test('GetProofTask asking for SMALL, which takes no bytes', () => {
    const body = wire.getProofTaskRequest.encode({
      nodeId: '777',
      nodeType: NODE_TYPE.CLI_PROVER,
      ed25519PublicKey: bytes('94ecf3bff213b481a3119e158abcf1746a1d8bb0e0345446dcf3b017afed2185'),
      maxDifficulty: TASK_DIFFICULTY.SMALL,
    });
    expect(hex(body)).toBe(recorded('GetProofTask_req1_2'));
  });

  test('SubmitProof of a PROOF_HASH task', () => {
    const signed = vectors.signatures.find((each) => each.message.includes('task-hash3-1'));
    const submission: SubmitProofRequest = {
      nodeType: NODE_TYPE.CLI_PROVER,
      proofHash: '271aa28ade36e375d6be22359acc567610b0dc961d408fac9d073202659445cf',
      nodeTelemetry: { flopsPerSec: 41, memoryUsed: 10_801, memoryCapacity: 24_105_551, location: 'US' },
      proof: new Uint8Array(),
      taskId: 'task-hash3-1',
      ed25519PublicKey: bytes('92a4d4422d65ec7cdf20609ca4b6d710f02cadb4bd78734106adae83564cd0d8'),
      signature: bytes(signed?.signature ?? ''),
      allProofHashes: [],
      proofs: [],
    };
    const body = wire.submitProofRequest.encode(submission);
    expect(hex(body)).toBe(recorded('SubmitProof_hash3_1'));
    expect(wire.submitProofRequest.decode(body)).toMatchObject({ taskId: submission.taskId, proofHash: submission.proofHash, nodeTelemetry: submission.nodeTelemetry, proofs: [], allProofHashes: [] });
  });
});

test('the recorded answer decodes to its task', () => {
  const answer = wire.getProofTaskResponse.decode(
    bytes('22380a0b7461736b2d726571312d3112116669625f696e7075745f696e697469616c220608808292c9062a0c0900000001000000010000003803'),
  );
  expect(taskFromAnswer(answer)).toEqual({
    taskId: 'task-req1-1',
    programId: 'fib_input_initial',
    inputs: [Uint8Array.from([9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])],
    taskType: 'PROOF_REQUIRED',
    difficulty: 'SMALL_MEDIUM',
    difficultyKnown: true,
    rawDifficulty: 3,
    createdAt: new Date(0x69_24_81_00 * 1000),
    fromDeprecatedFields: false,
  });
});

test.each(vectors.signatures)('the recorded signature of "$message" holds, and for that text alone', ({ public_key, message, signature }) => {
  const [, taskId = '', hash = ''] = message.split(' | ');
  expect(new TextDecoder().decode(signedText(taskId, hash))).toBe(message);
  expect(verifyProofSignature(bytes(public_key), taskId, hash, bytes(signature))).toBe(true);
  expect(verifyProofSignature(bytes(public_key), `${taskId}x`, hash, bytes(signature))).toBe(false);
  const flipped = bytes(signature);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  expect(verifyProofSignature(bytes(public_key), taskId, hash, flipped)).toBe(false);
});

test.each(vectors.combined_hashes)('combined hash of $of ($task_type)', ({ of, hash }) => {
  expect(combinedHash(of.map((inputs) => vectors.proof_hashes[inputs] ?? ''))).toBe(hash);
});

test('combined hash of the wire page’s vector, and Keccak-256 (not SHA3-256) of nothing', () => {
  expect(combinedHash(['a1b2c3d4e5f6'])).toBe('966f43edb4fb988490ec112be0d646d119651650d74e4244ec3d291a1c073cf2');
  expect(proofHash(new Uint8Array())).toBe('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
});

describe('a submission', () => {
  const key = signingKeyFromSecret(Uint8Array.from({ length: 32 }, (_, i) => i));
  const proofs = [Uint8Array.from([1, 2, 3]), Uint8Array.from([4, 5])];
  const hashes = proofs.map(proofHash);

  test.each<[TaskType, Uint8Array[], string, Partial<SubmitProofRequest>]>([
    ['PROOF_REQUIRED', proofs.slice(0, 1), hashes[0] ?? '', { proof: proofs[0], proofs: proofs.slice(0, 1), allProofHashes: [] }],
    ['PROOF_REQUIRED', proofs, hashes[0] ?? '', { proof: new Uint8Array(), proofs, allProofHashes: [] }],
    ['PROOF_HASH', proofs, combinedHash(hashes), { proof: new Uint8Array(), proofs: [], allProofHashes: [] }],
    ['PROOF_HASH', proofs.slice(0, 1), combinedHash(hashes.slice(0, 1)), { proof: new Uint8Array(), proofs: [], allProofHashes: [] }],
    ['ALL_PROOF_HASHES', proofs, combinedHash(hashes), { proof: new Uint8Array(), proofs: [], allProofHashes: hashes }],
  ])('of type %s carries the payload of its type and a signature over its hash', (taskType, made, hash, payload) => {
    const submission = buildSubmission({ taskId: 't-1', taskType, proofs: made, key });
    expect(submission).toMatchObject({ ...payload, proofHash: hash, nodeType: NODE_TYPE.CLI_PROVER, nodeTelemetry: null });
    expect(verifyProofSignature(key.publicKey, 't-1', hash, submission.signature)).toBe(true);
  });

  test('without a proof is refused', () => {
    expect(() => buildSubmission({ taskId: 't', taskType: 'PROOF_HASH', proofs: [], key })).toThrow('at least one proof');
  });
});

test('keys: made, restored, and refused at a wrong length', () => {
  const key = generateSigningKey();
  expect(signingKeyFromSecret(key.secretKey).publicKey).toEqual(key.publicKey);
  expect(signProof(key, 'a', 'b')).toHaveLength(64);
  expect(() => signingKeyFromSecret(new Uint8Array(31))).toThrow('32 bytes, not 31');
});

test('verifying survives keys and signatures of any bytes', () => {
  expect(verifyProofSignature(new Uint8Array(), 'a', 'b', new Uint8Array(64))).toBe(false);
  expect(verifyProofSignature(new Uint8Array(32).fill(255), 'a', 'b', new Uint8Array(64).fill(255))).toBe(false);
});

test('telemetry: units of the recorded client, capped, and left out when unknown', () => {
  expect(nodeTelemetry({ gflops: 41.9, memoryUsedBytes: 2 ** 20 * 10.8015, memoryCapacityBytes: 2 ** 50, country: 'US' })).toEqual({
    flopsPerSec: 41,
    memoryUsed: 10_801,
    memoryCapacity: 2 ** 31 - 1,
    location: 'US',
  });
  expect(nodeTelemetry({ country: null, gflops: Number.NaN })).toEqual({ flopsPerSec: 0 });
});

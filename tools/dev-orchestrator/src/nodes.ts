import type { SeededRandom } from './random.js';
import { WireError } from './wire-error.js';

export interface UserRecord {
  readonly userId: string;
  readonly walletAddress: string;
}

export interface NodeRecord {
  readonly nodeId: string;
  readonly nodeType: number;
  readonly user: UserRecord;
  /** Hex of the key the node used last; null before its first request. */
  publicKey: string | null;
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const WALLET = /^0x[0-9a-fA-F]{40}$/;
const NODE_ID = /^\d{1,20}$/;
const CLI_PROVER = 1;

/** Nodes that came without having been registered all belong to this account. */
const WALK_IN: UserRecord = { userId: '00000000-0000-4000-8000-000000000000', walletAddress: `0x${'0'.repeat(39)}1` };

/** Who may ask for tasks. */
export class Nodes {
  private readonly users = new Map<string, UserRecord>();
  private readonly nodes = new Map<string, NodeRecord>();

  constructor(
    private readonly random: SeededRandom,
    private readonly strict: boolean,
  ) {}

  /** @throws WireError 400, 409 */
  registerUser(userId: string, walletAddress: string): void {
    if (!UUID_V4.test(userId)) throw new WireError(400, 'BadRequestError', 'uuid is not a UUIDv4');
    if (!WALLET.test(walletAddress)) throw new WireError(400, 'BadRequestError', 'wallet_address is not an address of 0x and 40 hex digits');
    const known = this.users.get(walletAddress.toLowerCase());
    if (known && known.userId !== userId) throw new WireError(409, 'ConflictError', 'this wallet is registered already');
    this.users.set(walletAddress.toLowerCase(), { userId, walletAddress });
  }

  /** @throws WireError 404 */
  userByWallet(walletAddress: string): { user: UserRecord; nodes: NodeRecord[] } {
    const user = this.users.get(walletAddress.toLowerCase());
    if (!user) throw new WireError(404, 'NotFoundError', 'no user has this wallet');
    return { user, nodes: [...this.nodes.values()].filter((node) => node.user.userId === user.userId) };
  }

  /** @throws WireError 404 */
  registerNode(userId: string, nodeType: number): NodeRecord {
    const user = [...this.users.values()].find((each) => each.userId === userId);
    if (!user) throw new WireError(404, 'NotFoundError', 'no user has this id');
    let nodeId: string;
    do nodeId = String(this.random.between(10_000_000, 99_999_999));
    while (this.nodes.has(nodeId));
    return this.add(nodeId, nodeType, user);
  }

  /**
   * A node by its id; unknown ones are taken in unless the orchestrator is strict.
   * @throws WireError 404
   */
  node(nodeId: string): NodeRecord {
    const known = this.nodes.get(nodeId);
    if (known) return known;
    if (this.strict || !NODE_ID.test(nodeId)) throw new WireError(404, 'NotFoundError', `node ${nodeId.slice(0, 40)} is not registered`);
    return this.add(nodeId, CLI_PROVER, WALK_IN);
  }

  /** Hex of the key a node used last; null when it has not been seen since the start. */
  currentKey(nodeId: string): string | null {
    return this.nodes.get(nodeId)?.publicKey ?? null;
  }

  private add(nodeId: string, nodeType: number, user: UserRecord): NodeRecord {
    const node: NodeRecord = { nodeId, nodeType, user, publicKey: null };
    this.nodes.set(nodeId, node);
    return node;
  }
}

import type { ProverBackend } from './contract.js';
import { ProverError } from './errors.js';

export interface BackendOptions {
  /** Threads a proof may use; at least 1. */
  readonly threads: number;
  /** Most memory one proof may take, in bytes; unset means no limit. */
  readonly memoryBudgetBytes?: number;
}

export type BackendFactory = (options: BackendOptions) => Promise<ProverBackend>;

/** Backends by name. A new backend is one package and one `register` line. */
export class ProverRegistry {
  private readonly factories = new Map<string, BackendFactory>();

  register(name: string, factory: BackendFactory): this {
    if (this.factories.has(name)) throw new Error(`prover backend "${name}" is registered twice`);
    this.factories.set(name, factory);
    return this;
  }

  names(): string[] {
    return [...this.factories.keys()];
  }

  /** @throws ProverError `BackendUnavailable` when the name is not registered or the backend cannot start here. */
  async create(name: string, options: BackendOptions): Promise<ProverBackend> {
    const factory = this.factories.get(name);
    if (!factory) {
      throw new ProverError('BackendUnavailable', `no prover backend is called "${name}"; known: ${this.names().join(', ') || 'none'}`);
    }
    return factory(options);
  }
}

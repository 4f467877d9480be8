import { evaluateVersionPolicy, fetchVersionPolicy, type VersionPolicy } from '@provefleet/orchestrator-client';
import { pause, type AgentClock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../logging.js';

export interface VersionWatchOptions {
  readonly url: string;
  /** The version the network is told, and judges. */
  readonly version: string;
  readonly country: () => Promise<string | null>;
  readonly clock: AgentClock;
  readonly logger: Logger;
  readonly changed: () => void;
  readonly fetchPolicy?: (url: string, options: { signal?: AbortSignal; allowInsecureHttp?: boolean }) => Promise<VersionPolicy>;
  readonly allowInsecure: boolean;
}

const EVERY_MS = 60 * 60_000;
const AFTER_FAILURE_MS = 5 * 60_000;

/** Watches what the network says about versions. It is advice: without it, or with a broken one, the agent runs on. */
export class VersionWatch {
  private blocking: string | null = null;
  private said = '';

  constructor(private readonly options: VersionWatchOptions) {}

  /** Why the network wants no work from this version; null when it does. */
  get blocked(): string | null {
    return this.blocking;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await pause(this.options.clock, (await this.look(signal)) ? EVERY_MS : AFTER_FAILURE_MS, signal);
  }

  private async look(signal: AbortSignal): Promise<boolean> {
    const { url, version, country, clock, logger, allowInsecure, fetchPolicy = fetchVersionPolicy } = this.options;
    try {
      const policy = await fetchPolicy(url, { signal, allowInsecureHttp: allowInsecure });
      const verdict = evaluateVersionPolicy(policy, version, clock.wallNow(), await country());
      this.tell([verdict.blocking, ...verdict.warnings, ...verdict.notices].filter((text) => text !== null).join(' · '));
      if (verdict.blocking !== this.blocking) {
        this.blocking = verdict.blocking;
        this.options.changed();
      }
      return true;
    } catch (error) {
      if (!signal.aborted) logger.info(`no version policy: ${messageOf(error)}`);
      return false;
    }
  }

  private tell(text: string): void {
    if (text !== '' && text !== this.said) this.options.logger.warn(`the network says: ${text}`);
    this.said = text;
  }
}

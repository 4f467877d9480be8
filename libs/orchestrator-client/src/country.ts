import { HttpTransport } from './http.js';

/** How the country in the telemetry is found: by asking, never, or a fixed two-letter code. */
export type CountryMode = 'lookup' | 'off' | { readonly fixed: string };

/** Gets a small text. Rejects on any failure. */
export type FetchText = (url: string, signal: AbortSignal) => Promise<string>;

export interface CountryOptions {
  readonly mode: CountryMode;
  /** Time for each source, in milliseconds. Default: 5 s. */
  readonly timeoutMs?: number;
  readonly fetchText?: FetchText;
}

/** Asked in this order; nothing finer than the country is read from either. */
const SOURCES: readonly { readonly url: string; readonly read: (text: string) => string | undefined }[] = [
  { url: 'https://cloudflare.com/cdn-cgi/trace', read: (text) => /^loc=([A-Z]{2})\s*$/m.exec(text)?.[1] },
  { url: 'https://ipinfo.io/country', read: (text) => /^\s*([A-Z]{2})\s*$/.exec(text)?.[1] },
];
const FALLBACK = 'US';

/** Finds the machine's country once and keeps it for as long as it lives. */
export class CountryLookup {
  private found: Promise<string> | undefined;
  private readonly mode: CountryMode;
  private readonly timeoutMs: number;
  private readonly fetchText: FetchText;

  /** @throws RangeError when the fixed value is no two-letter code. */
  constructor(options: CountryOptions) {
    this.mode = typeof options.mode === 'object' ? { fixed: options.mode.fixed.toUpperCase() } : options.mode;
    if (typeof this.mode === 'object' && !/^[A-Z]{2}$/.test(this.mode.fixed)) {
      throw new RangeError(`country must be a two-letter code, not "${this.mode.fixed}"`);
    }
    this.timeoutMs = options.timeoutMs ?? 5_000;
    this.fetchText = options.fetchText ?? httpsText;
  }

  /** The two-letter country; null when switched off; `US` when nobody could say. Never rejects. */
  get(): Promise<string | null> {
    if (this.mode === 'off') return Promise.resolve(null);
    if (typeof this.mode === 'object') return Promise.resolve(this.mode.fixed);
    this.found ??= this.ask();
    return this.found;
  }

  private async ask(): Promise<string> {
    for (const source of SOURCES) {
      const country = await this.fetchText(source.url, AbortSignal.timeout(this.timeoutMs)).then(source.read, () => undefined);
      if (country) return country;
    }
    return FALLBACK;
  }
}

async function httpsText(url: string, signal: AbortSignal): Promise<string> {
  const transport = new HttpTransport({ connectTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxResponseBytes: 16_384 });
  try {
    const target = new URL(url);
    const response = await transport.send({ method: 'GET', url: target, headers: [['accept', '*/*'], ['host', target.host]], signal, call: `GET ${target.host}` });
    return response.status === 200 ? Buffer.from(response.body).toString('utf8') : '';
  } finally {
    transport.close();
  }
}

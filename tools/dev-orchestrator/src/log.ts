export type LogFields = Readonly<Record<string, unknown>>;

/** Structured lines: one JSON object each. */
export type Log = (event: string, fields?: LogFields) => void;

/** Writes to stdout. Quiet: only `always` events. */
export function stdoutLog(quiet: boolean, always: ReadonlySet<string> = new Set(['listening'])): Log {
  return (event, fields = {}) => {
    if (quiet && !always.has(event)) return;
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
  };
}

import { cpus, loadavg, release, totalmem } from 'node:os';

/** A figure that the project has promised, and whether this run kept it. */
export interface Target {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly reached: boolean;
}

export interface Report {
  readonly name: string;
  /** How it was measured: runs, threads, CPU build. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly targets: readonly Target[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly system: string;
  readonly node: string;
  readonly allocator: string;
  /** Load average of the last minute when the run began: above 0, something else was running. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    allocator: glibcVersionRuntime ? `the system's (glibc ${glibcVersionRuntime})` : "the system's",
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

export function renderText(report: Report, machine: Machine): string {
  const cells = [report.columns, ...report.rows.map((row) => row.map(formatCell))];
  const widths = report.columns.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd();
  return [
    `${report.name}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryMiB} MiB, ${machine.system}, Node ${machine.node}, allocator ${machine.allocator}, load ${machine.load}`,
    ...report.notes,
    '',
    ...cells.map(line),
    ...(report.targets.length > 0 ? [''] : []),
    ...report.targets.map(({ what, limit, measured, reached }) => `${reached ? 'reached' : 'MISSED '}  ${what}: ${measured} (${limit})`),
    '',
  ].join('\n');
}

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatCell(cell: string | number): string {
  return typeof cell === 'number' ? formatNumber(cell) : cell;
}

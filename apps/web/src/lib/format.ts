// How figures are written, as the interface guide's "Copy" says. Nothing here depends on the reader's locale or zone:
// digits are grouped by commas, times are UTC, a minus is U+2212, and an unknown figure is an en dash.

export const UNKNOWN = '–';
const MINUS = '−';
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const grouped = (value: number, decimals = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

const pad = (value: number): string => String(value).padStart(2, '0');

/** A count: `1,204`, from a million on `7.01 M`, from a billion on `1.20 G`. */
export function formatCount(value: number): string {
  if (Math.abs(value) >= 1e9) return `${grouped(value / 1e9, 2)} G`;
  if (Math.abs(value) >= 1e6) return `${grouped(value / 1e6, 2)} M`;
  return grouped(Math.round(value));
}

/** Proofs per minute without the unit: one decimal under ten (`1.3`), none above (`4,872`). */
export function formatRate(perMinute: number | null): string {
  if (perMinute === null) return UNKNOWN;
  // 9.96 would otherwise become "10.0".
  return perMinute < 9.95 ? grouped(perMinute, 1) : formatCount(perMinute);
}

/** A loss, with a real minus: `−37`; zero stays `0`. */
export function formatLoss(perMinute: number): string {
  const text = formatRate(perMinute);
  return Number(text.replaceAll(',', '')) === 0 ? '0' : `${MINUS}${text}`;
}

/** A share of 0 to 1: `99.29 %`. Never rounds up to 100 % nor down to 0 % when it is neither. */
export function formatShare(share: number | null, decimals = 0): string {
  if (share === null) return UNKNOWN;
  const step = 10 ** -decimals;
  const percent = share * 100;
  const exact = percent === 0 || percent === 100;
  if (exact) return `${grouped(percent)} %`;
  const rounded = Math.round(percent / step) * step;
  const shown = Math.min(100 - step, Math.max(step, rounded));
  return `${grouped(shown, decimals)} %`;
}

/** How long something took, in milliseconds: `1.1 ms`, `212 ms`, `4.4 s`, `47 s`, `1 min 48 s`, `1 h 04 min`, `11 d 4 h`. */
export function formatDuration(milliseconds: number | null): string {
  if (milliseconds === null) return UNKNOWN;
  if (milliseconds < 9.95) return `${grouped(milliseconds, 1)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9_950) return `${grouped(milliseconds / SECOND, 1)} s`;
  const seconds = Math.round(milliseconds / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  return formatElapsed(milliseconds);
}

/** A duration where room is short: as formatDuration, but `1:48` from a minute on. */
export function formatClock(milliseconds: number | null): string {
  if (milliseconds === null || milliseconds < 59_500 || milliseconds >= HOUR - 500) return formatDuration(milliseconds);
  const seconds = Math.round(milliseconds / SECOND);
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

/** How long something has lasted, no finer than a minute once it is a minute old: `40 s`, `43 min`, `1 h 04 min`, `11 d 4 h`. */
export function formatElapsed(milliseconds: number): string {
  const elapsed = Math.max(0, milliseconds);
  if (elapsed < MINUTE) return `${Math.floor(elapsed / SECOND)} s`;
  if (elapsed < HOUR) return `${Math.floor(elapsed / MINUTE)} min`;
  if (elapsed < DAY) return `${Math.floor(elapsed / HOUR)} h ${pad(Math.floor((elapsed % HOUR) / MINUTE))} min`;
  const hours = Math.floor((elapsed % DAY) / HOUR);
  return `${grouped(Math.floor(elapsed / DAY))} d${hours ? ` ${hours} h` : ''}`;
}

/** `now`, `2 s ago`, `2 min ago`, `1 h ago`, `3 d ago`; `never` for null. A moment in the future counts as now. */
export function formatAgo(at: number | null, now: number): string {
  if (at === null) return 'never';
  const elapsed = now - at;
  if (elapsed < SECOND) return 'now';
  if (elapsed < MINUTE) return `${Math.floor(elapsed / SECOND)} s ago`;
  if (elapsed < HOUR) return `${Math.floor(elapsed / MINUTE)} min ago`;
  if (elapsed < DAY) return `${Math.floor(elapsed / HOUR)} h ago`;
  return `${grouped(Math.floor(elapsed / DAY))} d ago`;
}

/** Bytes in binary units: `812 B`, `5.7 KiB`, `60 GiB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_023.5 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const decimals = unit > 0 && value < 9.95 ? 1 : 0;
  return `${grouped(value, decimals)} ${units[unit]}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Time of day, UTC: `03:14`, with seconds `03:14:07`. */
export function formatTime(at: number, seconds = false): string {
  const date = new Date(at);
  const text = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  return seconds ? `${text}:${pad(date.getUTCSeconds())}` : text;
}

/** Day, UTC: `23 Nov`, with the year when it is not the present one. */
export function formatDay(at: number, now: number): string {
  const date = new Date(at);
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return date.getUTCFullYear() === new Date(now).getUTCFullYear() ? day : `${day} ${date.getUTCFullYear()}`;
}

/** A moment, UTC, as short as it stays clear: `02:10` today, else `23 Nov 22:16`. */
export function formatMoment(at: number, now: number, seconds = false): string {
  const sameDay = Math.floor(at / DAY) === Math.floor(now / DAY);
  return sameDay ? formatTime(at, seconds) : `${formatDay(at, now)} ${formatTime(at, seconds)}`;
}

/** `1 machine`, `2,431 machines`. */
export const plural = (count: number, one: string, many = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`;

/** Both ends of a long identifier, so that two of them stay apart: `8f3a…c21`. Up to ten characters it is left whole. */
export const shortId = (id: string): string => (id.length <= 10 ? id : `${id.slice(0, 4)}…${id.slice(-3)}`);

/** First four bytes of a hex key, to compare by eye: `4d:1c:90:ee`. */
export const fingerprint = (hex: string): string => (hex.slice(0, 8).match(/../g) ?? []).join(':');

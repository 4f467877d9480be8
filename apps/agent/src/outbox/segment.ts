import { crc32 } from 'node:zlib';
import { eventSchema, type FleetEvent } from '@provefleet/fleet-protocol';

/** One event as it lies on disk: `<crc32 of the rest, 8 hex digits> <JSON>\n`. */
export function encodeRecord(event: FleetEvent): Buffer {
  const json = JSON.stringify(event);
  return Buffer.from(`${checksum(Buffer.from(json))} ${json}\n`);
}

export interface DecodedSegment {
  readonly events: FleetEvent[];
  /** Bytes up to the end of the last whole record: what follows is a torn write. */
  readonly wholeBytes: number;
  /** Records in the middle that do not match their checksum or schema, and were passed over. */
  readonly damaged: number;
}

/** Reads a segment as far as it is whole. Never throws on its content. */
export function decodeSegment(content: Buffer): DecodedSegment {
  const events: FleetEvent[] = [];
  let damaged = 0;
  let pendingDamage = 0;
  let wholeBytes = 0;
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(0x0a, start);
    if (end < 0) break;
    const event = decodeRecord(content.subarray(start, end));
    start = end + 1;
    if (event === null) {
      // Damage with whole records after it is decay; damage up to the end is a torn write and is cut off.
      pendingDamage++;
      continue;
    }
    events.push(event);
    damaged += pendingDamage;
    pendingDamage = 0;
    wholeBytes = start;
  }
  return { events, wholeBytes, damaged };
}

function decodeRecord(record: Buffer): FleetEvent | null {
  const json = record.subarray(9);
  if (record.length < 10 || record[8] !== 0x20 || record.subarray(0, 8).toString('latin1') !== checksum(json)) return null;
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const parsed = eventSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

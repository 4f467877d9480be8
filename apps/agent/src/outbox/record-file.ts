import { createHash } from 'node:crypto';

const MAGIC = 'provefleet-record-1';
const HEADER_BYTES = MAGIC.length + 1 + 64 + 1;

export interface RecordFile {
  readonly header: unknown;
  readonly blobs: readonly Uint8Array[];
}

/**
 * A record with binary parts in one file: `provefleet-record-1 <hex SHA-256 of the rest>\n`, then one line of JSON
 * (`{"blobs": [lengths], "header": …}`), then the parts one after the other.
 */
export function encodeRecordFile({ header, blobs }: RecordFile): Buffer {
  const body = Buffer.concat([Buffer.from(`${JSON.stringify({ blobs: blobs.map((blob) => blob.length), header })}\n`), ...blobs]);
  return Buffer.concat([Buffer.from(`${MAGIC} ${createHash('sha256').update(body).digest('hex')}\n`), body]);
}

/** Reads a record; null when any byte of it is not as it was written. */
export function decodeRecordFile(content: Buffer): RecordFile | null {
  if (content.length < HEADER_BYTES || content.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return null;
  const hash = content.subarray(MAGIC.length + 1, HEADER_BYTES - 1).toString('latin1');
  const body = content.subarray(HEADER_BYTES);
  if (createHash('sha256').update(body).digest('hex') !== hash) return null;
  const end = body.indexOf(0x0a);
  const parsed = JSON.parse(body.subarray(0, end).toString()) as { blobs: number[]; header: unknown };
  let offset = end + 1;
  const blobs = parsed.blobs.map((length) => {
    const blob = Uint8Array.from(body.subarray(offset, offset + length));
    offset += length;
    return blob;
  });
  return { header: parsed.header, blobs };
}

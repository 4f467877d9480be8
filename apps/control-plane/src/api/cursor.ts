import { z } from 'zod';
import { RequestError, RequestErrorCode } from './request.error.js';

/** Packs the position after a page's last row into an opaque text. */
export const writeCursor = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/**
 * Unpacks a cursor; undefined for none.
 * @throws {RequestError} for a text that `writeCursor` did not make for this list
 */
export function readCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | undefined {
  if (cursor === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw new RequestError(RequestErrorCode.invalid, 'query.cursor: is not a cursor of this list', 'query.cursor');
    throw error;
  }
}

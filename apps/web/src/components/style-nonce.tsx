'use client';

declare global {
  var __webpack_nonce__: string | undefined;
}

/** Hands the page's nonce to what adds style elements of its own: the lock on scrolling behind a dialog. */
export function StyleNonce({ nonce }: { nonce: string }) {
  if (typeof window !== 'undefined') globalThis.__webpack_nonce__ ??= nonce;
  return null;
}

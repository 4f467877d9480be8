/** Where to go after the sign-in: a path of this site only, so that a link cannot send an operator elsewhere. */
export function safeNext(next: string | null): string {
  if (!next || !next.startsWith('/')) return '/';
  try {
    const url = new URL(next, 'http://here.invalid');
    return url.host === 'here.invalid' && !url.pathname.startsWith('//') && url.pathname !== '/login' ? `${url.pathname}${url.search}${url.hash}` : '/';
  } catch (cause) {
    if (cause instanceof TypeError) return '/';
    throw cause;
  }
}

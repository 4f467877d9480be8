'use client';

import { usePathname } from 'next/navigation';
import { useCallback } from 'react';

/**
 * Changes the query of this page's address without asking the server: pages are the same for every query, and what
 * they show comes from the control plane. `step` makes it a step the back button undoes.
 */
export function useSetSearch(): (search: string, step?: boolean) => void {
  const path = usePathname();
  return useCallback(
    (search: string, step = false) => {
      if (step) window.history.pushState(null, '', `${path}${search}`);
      else window.history.replaceState(null, '', `${path}${search}`);
    },
    [path],
  );
}

'use client';

import { useSyncExternalStore } from 'react';
import { readTheme, type Theme, THEME_COOKIE } from './theme-cookie';

const YEAR_S = 31_536_000;

const dark = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const media = dark();
  media.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', listener);
  };
}

const chosen = (): Theme => readTheme(document.documentElement.dataset.theme);

/** The operator's choice; `system` follows the device. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, chosen, () => 'system');

/** Whether it is dark now, whoever chose: what is painted on canvas depends on it. */
export const useThemeVersion = (): 'light' | 'dark' =>
  useSyncExternalStore(subscribe, () => (chosen() === 'system' ? (dark().matches ? 'dark' : 'light') : (chosen() as 'light' | 'dark')), () => 'light');

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const secure = window.location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${THEME_COOKIE}=${theme}; Path=/; SameSite=Lax; Max-Age=${theme === 'system' ? 0 : YEAR_S}${secure}`;
}

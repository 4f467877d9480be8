/** Cookie that holds the chosen theme, so that the server renders it and nothing flashes. */
export const THEME_COOKIE = 'provefleet-theme';
export type Theme = 'system' | 'light' | 'dark';

export const readTheme = (value: string | undefined): Theme => (value === 'light' || value === 'dark' ? value : 'system');

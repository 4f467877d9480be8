import type { Metadata, Viewport } from 'next';
import { cookies, headers } from 'next/headers';
import type { ReactNode } from 'react';
import { IconSprite } from '../components/ui/icon';
import { StyleNonce } from '../components/style-nonce';
import { readTheme, THEME_COOKIE } from '../data/theme-cookie';
import './globals.css';

export const metadata: Metadata = { title: { default: 'Provefleet', template: '%s – Provefleet' }, description: 'Control of a fleet of prover machines', robots: { index: false } };
export const viewport: Viewport = { width: 'device-width', initialScale: 1, colorScheme: 'light dark' };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = readTheme((await cookies()).get(THEME_COOKIE)?.value);
  const nonce = (await headers()).get('x-nonce') ?? '';
  return (
    <html lang="en" data-theme={theme === 'system' ? undefined : theme} suppressHydrationWarning>
      <body>
        <StyleNonce nonce={nonce} />
        <IconSprite />
        {children}
      </body>
    </html>
  );
}

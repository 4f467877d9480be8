import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { ROOT } from '../../bootstrap/steps.mjs';
import { expect, type TestStack } from './stack.js';

/** Fails the test on anything the browser's console calls an error. */
export function watchConsole(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  return errors;
}

export async function signIn(page: Page, stack: TestStack): Promise<void> {
  await page.goto(`${stack.webUrl}/login`);
  await page.getByLabel('User').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(stack.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('navigation', { name: 'Main' }).first()).toBeVisible();
}

const SHOTS = join(ROOT, 'test-results', 'screens');
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;

/** Pictures of the documentation, written when `PROVEFLEET_DOCS_SCREENS` is set: their times differ in each run. */
const DOCUMENTED = new Map([
  ['overview-proving-desktop-light', 'overview'],
  ['machine-desktop-light', 'machine'],
]);

/** Writes what a user sees at both widths and in both themes to `test-results/screens/`. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const theme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(300); // charts redraw after a change of size or theme
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), `${name} fits ${viewport.width} px`).toBeLessThanOrEqual(0);
      const shot = `${name}-${size}-${theme}`;
      await page.screenshot({ path: join(SHOTS, `${shot}.png`), fullPage: true });
      const documented = DOCUMENTED.get(shot);
      if (documented && process.env.PROVEFLEET_DOCS_SCREENS) await page.screenshot({ path: join(ROOT, 'docs', 'screens', `${documented}.png`) });
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: 'light' });
}

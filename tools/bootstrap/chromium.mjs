// A browser for the end-to-end tests: the system's, else Playwright's own download, else Debian's package.
import { existsSync } from 'node:fs';
import { aptInstall, isDebianRoot } from './debian.mjs';
import { run } from './steps.mjs';

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** Path of an installed browser, or undefined. */
export async function findChromium() {
  const system = SYSTEM.find((path) => existsSync(path));
  if (system) return system;
  const { chromium } = await import('@playwright/test');
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

/** @returns {Promise<string>} path of a browser that can be started @throws when none can be had */
export async function ensureChromium(progress) {
  const present = await findChromium();
  if (present) return present;
  const attempts = [];
  try {
    await run('node_modules/.bin/playwright', ['install', 'chromium'], { log: 'chromium-download', progress, env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000' } });
  } catch (error) {
    attempts.push(`Playwright's download: ${error.message.split('\n')[0]}`);
    if (isDebianRoot()) {
      await aptInstall(['chromium', 'fonts-inter', 'fonts-jetbrains-mono'], progress).catch((aptError) => attempts.push(`Debian's package: ${aptError.message.split('\n')[0]}`));
    }
  }
  const found = await findChromium();
  if (found) return found;
  throw new Error(`The end-to-end tests need a browser, and none was found or could be installed. Install Chromium and try again. Tried: ${attempts.join('; ')}`);
}

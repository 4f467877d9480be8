import { statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../bootstrap/steps.mjs';
import { shoot, signIn, watchConsole } from '../support/dashboard.js';
import { expect, test } from '../support/stack.js';

const TASKS = 160;

test('from a task on the wire to an accepted proof on the dashboard', async ({ stack, page }) => {
  const errors = watchConsole(page);
  await stack.startServers(['--limit', String(TASKS), '--rate', '8']);
  await stack.startWeb();

  await test.step('a wrong password is refused without saying which part was wrong', async () => {
    await page.goto(stack.webUrl);
    await expect(page).toHaveURL(/\/login/);
    await page.getByLabel('User').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('That user and password do not match.')).toBeVisible();
    await shoot(page, 'login');
    // The browser itself reports the refused request.
    expect(errors.splice(0).every((text) => text.includes('401'))).toBe(true);
  });

  await test.step('a fleet without machines says what to do', async () => {
    await signIn(page, stack);
    await expect(page.getByRole('heading', { name: 'No machine proves yet' })).toBeVisible();
    await shoot(page, 'overview-empty');
  });

  await test.step('the machine proves, and its page counts what the ledger counts', async () => {
    await stack.addMachine('epyc-1');
    await page.goto(stack.webUrl);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^1 of 1 machine/);
    await shoot(page, 'overview-proving');
    await expect.poll(async () => (await stack.tasks()).filter((task) => task.state === 'accepted').length, { timeout: 90_000 }).toBe(TASKS);
    expect((await stack.tasks()).every((task) => task.verified === true)).toBe(true);

    await page.goto(`${stack.webUrl}/machines`);
    await page.getByRole('link', { name: 'epyc-1' }).first().click();
    await expect(page.getByRole('heading', { name: 'epyc-1', level: 1 })).toBeVisible();
    await expect(page.getByTestId('accepted-total')).toHaveText(String(TASKS));
    const proof = page.getByRole('table', { name: 'Recent proofs' }).getByRole('row').nth(1);
    await expect(proof).toContainText(/fib_input_initial|fast-fib/);
    await expect(proof).toContainText('Accepted');
  });

  await test.step('workers are set, paused and resumed, and the page says when it is so', async () => {
    await page.getByRole('button', { name: 'Workers', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Workers').fill('3');
    await page.getByRole('button', { name: 'Set 3 workers' }).click();
    await expect(page.getByTestId('rollout')).toHaveText('r3 applied');
    await expect.poll(async () => (await stack.api('GET', '/machines?q=epyc-1')).items[0].observed.workers).toBe(3);

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Note, shown beside the state').fill('disk swap');
    await page.getByRole('button', { name: 'Pause epyc-1' }).click();
    await expect(page.getByTestId('rollout')).toHaveText('r4 applied');
    await expect(page.getByRole('main').getByText('Paused').first()).toBeVisible();

    await page.getByRole('button', { name: 'Resume', exact: true }).first().click();
    await page.getByRole('button', { name: 'Resume epyc-1' }).click();
    await expect(page.getByTestId('rollout')).toHaveText('r5 applied');
    await shoot(page, 'machine');
  });

  await test.step('the line of the join page joins a second machine, and it arrives by itself', async () => {
    await page.goto(`${stack.webUrl}/join`);
    await page.getByLabel('Approve each machine by hand').click();
    await page.getByRole('button', { name: 'Make token' }).click();
    const shown = page.getByText(/provefleet-agent join/).first();
    await expect(shown).toContainText('--token pfj_');
    const [, , address, , token] = (await shown.innerText()).replace(/^\$\s*/, '').replace(/\s+/g, ' ').trim().split(' ');
    expect(address).toMatch(/^http/);
    await run(process.execPath, ['apps/agent/dist/main.js', 'join', String(address), '--state-dir', stack.agentHome('epyc-2'), '--name', 'epyc-2', '--environment', 'local', '--orchestrator-url', stack.orchestratorUrl, '--status-port', '0'], { log: 'e2e-join', env: { PROVEFLEET_JOIN_TOKEN: String(token) } });
    await page.getByRole('button', { name: 'Approve epyc-2' }).click();
    await expect(page.getByRole('table', { name: 'Arriving machines' }).getByRole('row', { name: /epyc-2/ }).getByRole('link', { name: 'Open' })).toBeVisible();
    await shoot(page, 'join');
  });

  await test.step('machines are found, filtered and kept in the address', async () => {
    await page.goto(`${stack.webUrl}/machines`);
    await expect(page.getByRole('link', { name: 'epyc-2' }).first()).toBeVisible();
    await shoot(page, 'machines');
  });

  await test.step('the overview answers whether all is well', async () => {
    await page.goto(stack.webUrl);
    await expect(page.getByRole('heading', { level: 1 })).toContainText('of 2');
    await shoot(page, 'overview');
  });

  await test.step('the control plane goes away: the page says so and keeps what it knew', async () => {
    errors.length = 0;
    await stack.services.stop(stack.controlPlane);
    await expect(page.getByRole('alert').filter({ hasText: /control plane/i }).first()).toBeVisible();
    await shoot(page, 'offline');
    await stack.startControlPlane();
    await expect(page.getByRole('alert').filter({ hasText: /control plane/i })).toHaveCount(0);
    errors.length = 0; // the browser reports each refused connection
  });

  expect(errors, 'errors in the console').toEqual([]);
  expect(statSync(join(stack.home, 'admin-password')).mode & 0o777).toBe(0o600);
});

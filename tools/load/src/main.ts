#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { OptionsError, parseOptions } from './options.js';
import { describe, verdict } from './report.js';
import { RestError } from './rest.js';
import { LoadError, runLoad } from './run.js';

const command = new Command('provefleet-load')
  .description('Simulates a fleet of machines on the real protocol and reports whether every event arrived, and how fast.')
  .option('--machines <count>', 'machines to simulate', '200')
  .option('--events-per-second <rate>', 'events over the whole fleet', '100')
  .option('--duration <seconds>', 'how long the load lasts', '60')
  .option('--control-plane <url>', 'its address', 'http://127.0.0.1:4000')
  .option('--origin <url>', "the dashboard's address, which the control plane accepts writes from", 'http://localhost:3000')
  .option('--admin-user <name>', 'who makes the join token and watches', 'admin')
  .option('--admin-password-file <path>', 'file that holds the password', '.provefleet/admin-password')
  .option('--database-url <url>', "the control plane's database, to count rows in; or set DATABASE_URL, which no other user sees")
  .option('--seed <text>', 'the same seed makes the same machines, keys and events', 'seed')
  .option('--workers <count>', 'workers of a machine', '2')
  .option('--connect-rate <count>', 'machines that connect in a second', '200')
  .option('--watchers <count>', 'dashboards that look on by the live socket', '1')
  .option('--storm-every <seconds>', 'cut connections this often; 0: never', '0')
  .option('--storm-share <share>', 'share of the machines that is cut, from 0 to 1', '1')
  .option('--control-plane-pid <pid>', 'process to watch for memory and processor time (Linux)')
  .option('--report <file>', 'write all figures there as JSON')
  .allowExcessArguments(false);

const raw = command.parse().opts();
try {
  const options = parseOptions({ ...raw, databaseUrl: raw['databaseUrl'] ?? process.env['DATABASE_URL'] });
  const report = await runLoad(options, (line) => console.error(line));
  if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
  console.log(describe(report));
  const problems = verdict(report);
  console.log(problems.length === 0 ? '\nNothing lost, nothing doubled.' : `\n${problems.join('\n')}`);
  process.exit(problems.length === 0 ? 0 : 1);
} catch (error) {
  if (!(error instanceof OptionsError || error instanceof RestError || error instanceof LoadError)) throw error;
  console.error(`provefleet-load: ${error.message}`);
  process.exit(error instanceof OptionsError ? 2 : 1);
}

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { hashPassword } from '../auth/passwords.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { CONFIG, type Config, ConfigError } from '../config/config.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { UsersRepository } from './users.repository.js';

const MIN_PASSWORD_LENGTH = 12;
/** 18 random bytes are 24 characters and 144 bits. */
const GENERATED_BYTES = 18;

@Injectable()
export class UsersService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly users: UsersRepository,
  ) {}

  /**
   * On the first start there is nobody: makes the administrator, with the password from the password file, or with a
   * new one written there for its owner's eyes alone.
   * @throws {ConfigError} when the file holds a password that is too short
   */
  async ensureAdministrator(): Promise<void> {
    if (await this.users.anyExists()) return;
    const file = resolve(this.config.adminPasswordFile);
    const { password, isNew } = await readOrCreatePassword(file);
    if (password.length < MIN_PASSWORD_LENGTH) throw new ConfigError(`PROVEFLEET_ADMIN_PASSWORD_FILE: the password in ${file} is shorter than ${MIN_PASSWORD_LENGTH} characters`);
    const user = { id: randomUUID(), name: this.config.adminUser, role: 'admin' as const, passwordHash: await hashPassword(password) };
    if (await this.users.createFirst(user, new Date(this.clock()))) this.logger.info({ user: user.name, file }, isNew ? 'made the first user; the password is in the file' : 'made the first user with the password in the file');
  }
}

async function readOrCreatePassword(file: string): Promise<{ password: string; isNew: boolean }> {
  const password = randomBytes(GENERATED_BYTES).toString('base64url');
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
    return { password, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { password: (await readFile(file, 'utf8')).trim(), isNew: false };
  }
}

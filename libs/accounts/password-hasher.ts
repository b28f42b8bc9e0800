import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { HasherBusy } from './errors.js';
import { Turns } from './turns.js';

export interface PasswordHasherSettings {
  /** Argon2id's memory in KiB, passes and lanes. OWASP's 19456, 2 and 1 when not given (Password Storage Cheat Sheet). */
  readonly memoryKib?: number;
  readonly passes?: number;
  readonly lanes?: number;
  /** How many hashes are computed at once, of the four threads that Node shares with files and cryptography. 2 when not given. */
  readonly concurrent?: number;
  /** How many may wait for that. 200 when not given. */
  readonly mostWaiting?: number;
}

/** Hashes and checks passwords with argon2id. Every method rejects with {@link HasherBusy} when too many are waiting. */
export class PasswordHasher {
  readonly #options: { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number };
  readonly #turns: Turns;
  readonly #nobodys: string;

  private constructor(settings: PasswordHasherSettings, nobodys: string) {
    this.#options = optionsOf(settings);
    this.#turns = new Turns(settings.concurrent ?? 2, settings.mostWaiting ?? 200);
    this.#nobodys = nobodys;
  }

  static async create(settings: PasswordHasherSettings = {}): Promise<PasswordHasher> {
    return new PasswordHasher(settings, await hash(randomBytes(32), optionsOf(settings)));
  }

  /** The hash in the PHC string format, with its parameters and salt. */
  async hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, this.#options));
  }

  async verify(passwordHash: string, password: string): Promise<boolean> {
    return this.#inTurn(() => verify(passwordHash, password));
  }

  /** Takes as long as a check against a hash, for a user who does not exist. Always false. */
  async verifyNobody(password: string): Promise<false> {
    await this.verify(this.#nobodys, password);
    return false;
  }

  /** Whether a hash was made with other parameters than those of now. */
  isOutdated(passwordHash: string): boolean {
    const made = parseOptions(passwordHash);
    const { memoryCost, timeCost, parallelism } = this.#options;
    return (
      !passwordHash.startsWith('$argon2id$') ||
      made.memoryCost !== memoryCost ||
      made.timeCost !== timeCost ||
      made.parallelism !== parallelism
    );
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turns.take(task);
    if (result === null) throw new HasherBusy();
    return result;
  }
}

function optionsOf({ memoryKib = 19456, passes = 2, lanes = 1 }: PasswordHasherSettings) {
  return { memoryCost: memoryKib, timeCost: passes, parallelism: lanes };
}

import type { Subject } from '../revocations.js';
import { subjectKey } from '../subject-key.js';

/** The names of everything that is kept in Redis (docs/architecture.md, section 6). */
export class Keys {
  /** Whose data this is and whether it is whole; see {@link readMeta}. */
  readonly meta: string;
  /** How many facts the feed has carried since it began. */
  readonly told: string;
  readonly feed: string;
  readonly positions: string;
  readonly #revoked: string;

  constructor(prefix: string) {
    this.meta = `${prefix}meta`;
    this.told = `${prefix}told`;
    this.feed = `${prefix}feed`;
    this.positions = `${prefix}positions`;
    this.#revoked = `${prefix}revoked:`;
  }

  revoked(subject: Subject): string {
    return this.#revoked + subjectKey(subject);
  }
}

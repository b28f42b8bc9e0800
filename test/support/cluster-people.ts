import { decodeJwt } from 'jose';

export type ChangeName = 'disable' | 'enable' | 'revoke-sessions' | 'revoke-session' | 'delete';

/** The event that a command yields, if it yields one. */
export const eventTypes: Readonly<Record<ChangeName | 'register', string>> = {
  register: 'portcullis.user.registered.v1',
  disable: 'portcullis.user.disabled.v1',
  enable: 'portcullis.user.enabled.v1',
  'revoke-sessions': 'portcullis.user.sessions-revoked.v1',
  'revoke-session': 'portcullis.user.session-revoked.v1',
  delete: 'portcullis.user.deleted.v1',
};

/** Commands that raise the watermark. */
const raising: ReadonlySet<string> = new Set<ChangeName>(['disable', 'revoke-sessions', 'delete']);
const raisingTypes: ReadonlySet<string> = new Set([
  eventTypes.disable,
  eventTypes['revoke-sessions'],
  eventTypes.delete,
]);

export interface AcknowledgedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
}

/** An access token, and what its claims say. */
export interface HeldToken {
  readonly text: string;
  readonly person: Person;
  readonly sid: string;
  readonly version: number;
  /** See {@link Person.mark}. */
  readonly mark: number;
}

export interface HeldSession {
  readonly sid: string;
  readonly refresh: string;
  readonly mark: number;
}

/**
 * A user whom any number of clients command at once, as the answers to all of them tell of it. What was not answered may
 * have happened or not, or may still happen.
 */
export class Person {
  readonly events = new Map<number, AcknowledgedEvent>();
  /** What unanswered commands would have yielded. */
  readonly unanswered: string[] = [];
  readonly sessions: HeldSession[] = [];
  readonly tokens: HeldToken[] = [];
  /** Two answers told of different events at one version. */
  readonly contradictions: unknown[] = [];
  state: 'confirmed' | 'disabled' | 'deleted' | 'doubtful' = 'confirmed';
  /** How many commands that could kill a token were sent. */
  #threats = 0;
  #underWay = 0;
  #enforcedBelow = 0;
  readonly #enforcedSids = new Set<string>();

  constructor(
    readonly id: string,
    readonly email: string,
    readonly password: string,
    /** Several clients command it. */
    readonly shared: boolean,
  ) {}

  /** A command is being sent. */
  sending(name: ChangeName): void {
    if (name === 'enable') return;
    this.#threats += 1;
    this.#underWay += 1;
  }

  /** It was answered, with whatever. */
  answered(name: ChangeName): void {
    if (name !== 'enable') this.#underWay -= 1;
  }

  /** It was not answered: it stays under way for ever. */
  leftUnanswered(name: ChangeName): void {
    this.unanswered.push(eventTypes[name]);
    if (name === 'disable' || name === 'delete' || name === 'enable') this.state = 'doubtful';
  }

  acknowledged(events: readonly AcknowledgedEvent[]): void {
    for (const { id, type, version } of events) {
      const known = this.events.get(version);
      if (known && known.id !== id) this.contradictions.push([known, { id, type, version }]);
      this.events.set(version, { id, type, version });
    }
  }

  /** The answer said `enforced`: from now on no edge may let in what this killed. */
  enforced(name: ChangeName, version: number, sid: string | null): void {
    if (raising.has(name)) this.#enforcedBelow = Math.max(this.#enforcedBelow, version);
    if (sid !== null) this.#enforcedSids.add(sid);
  }

  /** Taken before a session is asked for: whether a command that could kill it was sent since then. */
  mark(): number {
    return this.#underWay === 0 ? this.#threats : Number.NaN;
  }

  /** The claims say with which version the session began. */
  hold(text: string, mark: number): HeldToken {
    const { sid, ver } = decodeJwt(text);
    const token = { text, person: this, sid: String(sid), version: Number(ver), mark };
    this.tokens.push(token);
    return token;
  }

  mustBeRefused({ sid, version }: HeldToken): boolean {
    return version < this.#enforcedBelow || this.#enforcedSids.has(sid);
  }

  /** Nothing that could have killed it was sent since its session was asked for, or was under way then. */
  mustBeLetIn({ mark }: HeldToken): boolean {
    return mark === this.mark();
  }
}

/** The rule of docs/architecture.md, section 2, told apart from the code under test: by the whole stream. */
export function isDeadBy(
  stream: readonly { readonly type: string; readonly version: number; readonly data: unknown }[],
  { sid, version }: Pick<HeldToken, 'sid' | 'version'>,
): boolean {
  return stream.some((event) => {
    if (event.type === eventTypes['revoke-session']) return sidOf(event.data) === sid;
    return raisingTypes.has(event.type) && version < event.version;
  });
}

function sidOf(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'sid' in data ? data.sid : null;
}

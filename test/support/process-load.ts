import { expect } from '@jest/globals';
import type { Change, ProcessClient } from './process-client.js';
import { KnownUser } from './process-known-user.js';
import type { Chance } from './process-random.js';

/** What a client had sent and not got an answer to when the process was killed. */
export type CutOff =
  | { readonly kind: 'change'; readonly user: KnownUser; readonly change: Change }
  | { readonly kind: 'register'; readonly email: string; readonly password: string; readonly key: string | null }
  | { readonly kind: 'contested'; readonly change: Change };

/** A user whom all clients command at once. */
export interface Contested {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** Ids of acknowledged events, by version; all but the first revoke its sessions. */
  readonly events: Map<number, string>;
  readonly tokens: { readonly token: string; readonly version: number }[];
}

/** A client that commands users of its own, one command after the other, and now and then one whom all contest. */
export class LoadClient {
  readonly users: KnownUser[] = [];
  cutOff: CutOff | null = null;
  readonly #freedEmails: string[] = [];
  #made = 0;

  constructor(
    private readonly name: string,
    private readonly chance: Chance,
    private readonly contested: Contested,
  ) {}

  /** Goes on until the process is killed; rejects when anything goes wrong before. */
  async run(client: ProcessClient, isKilled: () => boolean): Promise<void> {
    while (!isKilled()) {
      try {
        await this.#act(client);
      } catch (error) {
        if (isKilled() && !isAssertion(error)) return;
        throw error;
      }
    }
  }

  /** A name that no client gives again. */
  unique(what: string): string {
    this.#made += 1;
    return `${what}-${this.name}-${this.#made}`;
  }

  async register(client: ProcessClient): Promise<void> {
    const email = this.#freedEmails.pop() ?? `${this.unique('user')}@example.org`;
    const cutOff = { kind: 'register', email, password: this.unique('password'), key: this.#maybeKey() } as const;
    this.cutOff = cutOff;
    const answer = await client.register(cutOff, cutOff.key);
    expect(answer).toMatchObject({ status: 201, body: { version: 1 } });
    this.users.push(new KnownUser(answer.body.userId ?? '', email, cutOff.password, answer.body.events));
    this.cutOff = null;
  }

  async #act(client: ProcessClient): Promise<void> {
    const { chance } = this;
    const living = this.users.filter(({ state }) => state !== 'deleted');
    const user = chance.pick(living);
    if (user === undefined || living.length < 3 || chance.oneIn(40)) return this.register(client);
    if (chance.oneIn(10)) return this.#contest(client);
    if (user.tokens('living').length === 0 && user.state === 'confirmed' && chance.oneIn(4)) {
      return user.signedIn(await client.signIn(user));
    }
    if (chance.oneIn(5)) return this.#refresh(user, client);
    const change = this.#someChange(user);
    this.cutOff = { kind: 'change', user, change };
    user.acknowledged(change, await client.change(user.id, change));
    if (user.state === 'deleted') this.#freedEmails.push(user.email);
    this.cutOff = null;
  }

  /** A refreshed token carries the version of its session; a dead session cannot be refreshed. */
  async #refresh(user: KnownUser, client: ProcessClient): Promise<void> {
    const session = this.chance.pick(user.sessions);
    if (session === undefined) return;
    const answer = await client.refresh(session.refresh);
    if (user.isDead(session) || user.state !== 'confirmed') expect(answer.status).toBe(401);
    else session.tokens.push(answer.body.access_token);
  }

  async #contest(client: ProcessClient): Promise<void> {
    const change = { name: 'revoke-sessions', key: this.unique('key') } as const;
    this.cutOff = { kind: 'contested', change };
    const answer = await client.change(this.contested.id, change);
    const [event] = answer.body.events ?? [];
    if (event) this.contested.events.set(event.version, event.id);
    else expect(answer).toMatchObject({ status: 409, body: { code: 'VersionConflict' } });
    this.cutOff = null;
  }

  #someChange(user: KnownUser): Change {
    const key = this.#maybeKey();
    const sid = this.chance.pick(user.sessions)?.sid;
    if (sid !== undefined && this.chance.oneIn(5)) return { name: 'revoke-session', sid, key };
    if (this.chance.oneIn(20)) return { name: 'delete', key };
    return { name: this.chance.pick(['disable', 'enable', 'enable', 'revoke-sessions'] as const) ?? 'disable', key };
  }

  #maybeKey(): string | null {
    return this.chance.oneIn(2) ? this.unique('key') : null;
  }
}

function isAssertion(error: unknown): boolean {
  return error instanceof Error && 'matcherResult' in error;
}

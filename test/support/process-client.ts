import type { ProgramProcess } from './process.js';
import type { CommandBody, SignInBody } from './program-client.js';
import { type Answer, HttpCaller } from './program-http.js';

/** The admin key that a process under test is given in its environment. */
export const processKey = 'key-of-the-process-under-test-0123456789';

/** A command on a user: `sid` names the session that `revoke-session` revokes. */
export interface Change {
  readonly name: 'disable' | 'enable' | 'revoke-sessions' | 'revoke-session' | 'delete';
  readonly sid?: string;
  /** The `Idempotency-Key`, or null for none. */
  readonly key: string | null;
}

export interface EventBody {
  readonly id: string;
  readonly type: string;
  readonly version: number;
}

const pageOfEvents = 500;

/** What clients of a process do, through HTTP alone. Everything rejects when the process is gone. */
export class ProcessClient {
  readonly #control: HttpCaller;
  readonly #edge: HttpCaller;

  constructor(
    { controlUrl, edgeUrl }: Pick<ProgramProcess, 'controlUrl' | 'edgeUrl'>,
    private readonly adminKey: string = processKey,
  ) {
    this.#control = new HttpCaller(controlUrl);
    this.#edge = new HttpCaller(edgeUrl);
  }

  register(user: { readonly email: string; readonly password: string }, key: string | null = null) {
    const { email, password } = user;
    return this.#command('POST', '/v1/users', key, { email, password });
  }

  change(userId: string, { name, sid, key }: Change): Promise<Answer<CommandBody>> {
    const path = `/v1/users/${userId}`;
    if (name === 'delete') return this.#command('DELETE', path, key);
    if (name === 'revoke-session') return this.#command('DELETE', `${path}/sessions/${sid}`, key);
    return this.#command('POST', `${path}/${name}`, key);
  }

  signIn({ email, password }: { readonly email: string; readonly password: string }): Promise<Answer<SignInBody>> {
    return this.#control.ask('POST', '/api/client/v2.0/app/main/auth/providers/local-userpass/login', {
      json: { username: email, password },
    });
  }

  refresh(refreshToken: string): Promise<Answer<{ readonly access_token: string }>> {
    return this.#control.ask('POST', '/api/client/v2.0/auth/session', { bearer: refreshToken });
  }

  /** The whole stream of a user. */
  async events(userId: string): Promise<EventBody[]> {
    const events: EventBody[] = [];
    for (let next: number | null = 0; next !== null; ) {
      const path = `/v1/users/${userId}/events?limit=${pageOfEvents}&after=${next}`;
      const answer: Answer<{ readonly events: EventBody[]; readonly next: number | null }> = await this.#control.ask(
        'GET',
        path,
        { bearer: this.adminKey },
      );
      if (answer.status !== 200) throw new Error(`the events of ${userId}: ${answer.status} ${answer.text}`);
      events.push(...answer.body.events);
      next = answer.body.next;
    }
    return events;
  }

  /** The status of the edge's verdict on a token. */
  async verdict(token: string): Promise<number> {
    return (await this.#edge.ask('GET', '/_portcullis/verdict', { bearer: token })).status;
  }

  async close(): Promise<void> {
    await Promise.all([this.#control.close(), this.#edge.close()]);
  }

  #command(method: string, path: string, key: string | null, json?: object): Promise<Answer<CommandBody>> {
    return this.#control.ask(method, path, {
      bearer: this.adminKey,
      ...(key === null ? {} : { headers: { 'idempotency-key': key } }),
      ...(json === undefined ? {} : { json }),
    });
  }
}

import { randomBytes } from 'node:crypto';
import { type Answer, call } from './call.js';
import type { Servers } from './servers.js';

/** What a command answers, as far as the demo looks at it. */
export interface CommandBody {
  readonly userId: string;
  readonly events: readonly { readonly type: string; readonly version: number }[];
  readonly enforcement: { readonly status: string };
  /** Instead of the above, when the command was refused. */
  readonly code?: string;
}

interface SignInBody {
  readonly access_token?: string;
  readonly error_code?: string;
}

export type UserCommandName = 'disable' | 'enable' | 'revoke-sessions' | 'delete';

/** A user with a random address, and what can be done to and by them. */
export class Person {
  readonly email = `demo-${randomBytes(6).toString('hex')}@example.org`;
  readonly #password = randomBytes(12).toString('base64url');
  #userId: string | null = null;

  constructor(private readonly servers: Servers) {}

  async register(): Promise<Answer<CommandBody>> {
    const { control, key } = this.servers;
    const body = { email: this.email, password: this.#password };
    const answer = await call<CommandBody>(control, { method: 'POST', path: '/v1/users', bearer: key, body });
    if (answer.status === 201) this.#userId = answer.body.userId;
    return answer;
  }

  signIn(): Promise<Answer<SignInBody>> {
    const path = `/api/client/v2.0/app/${this.servers.app}/auth/providers/local-userpass/login`;
    const body = { username: this.email, password: this.#password };
    return call<SignInBody>(this.servers.control, { method: 'POST', path, body });
  }

  async command(name: UserCommandName): Promise<Answer<CommandBody>> {
    const { control, key } = this.servers;
    const path = `/v1/users/${this.#userId}`;
    const answer = await (name === 'delete'
      ? call<CommandBody>(control, { method: 'DELETE', path, bearer: key })
      : call<CommandBody>(control, { method: 'POST', path: `${path}/${name}`, bearer: key }));
    if (name === 'delete' && answer.status === 200) this.#userId = null;
    return answer;
  }

  /** Deletes the user if that has not been done. */
  async forget(): Promise<void> {
    if (this.#userId !== null) await this.command('delete');
  }
}

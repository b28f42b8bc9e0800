import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type Program, rootKey } from './program.js';
import type { Answer, Ask } from './program-http.js';

export interface CommandBody {
  readonly userId: string | null;
  readonly version: number;
  readonly events: readonly { readonly id: string; readonly type: string; readonly version: number }[];
  readonly enforcement: { readonly status: string; readonly at?: string };
}

export interface UserBody {
  readonly id: string;
  readonly app: string;
  readonly email: string | null;
  readonly state: string;
  readonly version: number;
  readonly watermark: number;
  readonly reason: string | null;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly sid: string;
  readonly userId: string;
}

export interface SignInBody {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly user_id: string;
  readonly device_id: string;
}

/** A user as a test knows one: with a password. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

export type UserCommandName = 'confirm' | 'disable' | 'enable' | 'revoke-sessions';

const client = '/api/client/v2.0';

/** What tests do with a program, through HTTP alone. */
export class Client {
  constructor(
    private readonly program: Program,
    private readonly key: string = rootKey,
  ) {}

  /** A call of the control API with the client's admin key. */
  admin<T = unknown>(method: string, path: string, ask: Ask = {}): Promise<Answer<T>> {
    return this.program.control.ask<T>(method, path, { bearer: this.key, ...ask });
  }

  /** A new user, confirmed unless told otherwise. */
  async register(user: Partial<TestUser> & { readonly confirmed?: boolean } = {}): Promise<TestUser> {
    const { email = `${randomUUID()}@example.org`, password = `password ${randomUUID()}`, confirmed = true } = user;
    const answer = await this.admin<CommandBody>('POST', '/v1/users', { json: { email, password, confirmed } });
    expect(answer).toMatchObject({ status: 201 });
    return { id: answer.body.userId ?? '', email, password };
  }

  command(id: string, name: UserCommandName, ask: Ask = {}): Promise<Answer<CommandBody>> {
    return this.admin('POST', `/v1/users/${id}/${name}`, ask);
  }

  delete(id: string, ask: Ask = {}): Promise<Answer<CommandBody>> {
    return this.admin('DELETE', `/v1/users/${id}`, ask);
  }

  get(id: string): Promise<Answer<UserBody>> {
    return this.admin('GET', `/v1/users/${id}`);
  }

  /** The answer to a sign-in, whatever it is. */
  trySignIn(
    user: Pick<TestUser, 'email' | 'password'>,
    extra: object = {},
    ask: Ask = {},
  ): Promise<Answer<SignInBody>> {
    return this.program.control.ask('POST', `${client}/app/main/auth/providers/local-userpass/login`, {
      json: { username: user.email, password: user.password, ...extra },
      ...ask,
    });
  }

  async signIn(user: Pick<TestUser, 'email' | 'password'>): Promise<Tokens> {
    const answer = await this.trySignIn(user);
    expect(answer).toMatchObject({ status: 200 });
    const { access_token: access, refresh_token: refresh, user_id: userId } = answer.body;
    return { access, refresh, userId, sid: String(decodeJwt(access).sid) };
  }

  refresh(token: string): Promise<Answer<{ readonly access_token: string }>> {
    return this.program.control.ask('POST', `${client}/auth/session`, { bearer: token });
  }

  signOut(token: string): Promise<Answer<null>> {
    return this.program.control.ask('DELETE', `${client}/auth/session`, { bearer: token });
  }

  profile<T>(token: string): Promise<Answer<T>> {
    return this.program.control.ask('GET', `${client}/auth/profile`, { bearer: token });
  }

  /** RFC 7009, as a form. */
  revokeToken(fields: Readonly<Record<string, string>>): Promise<Answer<null>> {
    return this.program.control.ask('POST', '/oauth/revoke', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  }

  /** The status of the edge's verdict on a token. */
  async verdict(token: string): Promise<number> {
    return (await this.program.edge.ask('GET', '/_portcullis/verdict', { bearer: token })).status;
  }
}

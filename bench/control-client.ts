import type { Pool } from 'undici';

/** Sends what the benches send to the control API. Rejects on every answer that is not a success. */
export class ControlClient {
  constructor(
    private readonly http: Pool,
    /** An admin key. */
    private readonly key: string,
  ) {}

  async register(email: string, password: string): Promise<string> {
    const { userId } = await this.#post('/v1/users', { email, password }, this.key);
    return userId;
  }

  /** An access token of a new session. */
  async signIn(username: string, password: string): Promise<string> {
    const path = '/api/client/v2.0/app/main/auth/providers/local-userpass/login';
    return (await this.#post(path, { username, password })).access_token;
  }

  async revokeSessions(userId: string): Promise<void> {
    await this.#post(`/v1/users/${userId}/revoke-sessions`, {}, this.key);
  }

  /** Every client sends `each` revocations to each of its users, one after the other; gives how many a second that were. */
  async commands(usersOf: readonly (readonly string[])[], each: number): Promise<number> {
    const began = performance.now();
    await Promise.all(
      usersOf.map(async (userIds) => {
        for (const userId of userIds) for (let sent = 0; sent < each; sent += 1) await this.revokeSessions(userId);
      }),
    );
    return (usersOf.flat().length * each * 1_000) / (performance.now() - began);
  }

  async #post(path: string, json: object, key?: string): Promise<{ userId: string; access_token: string }> {
    const headers = { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const { statusCode, body } = await this.http.request({ method: 'POST', path, headers, body: JSON.stringify(json) });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`POST ${path}: ${statusCode} ${text}`);
    return JSON.parse(text);
  }
}

/** Users dealt out to clients. */
export function dealt(userIds: readonly string[], hands: number): string[][] {
  return Array.from({ length: hands }, (_, hand) => userIds.filter((_id, index) => index % hands === hand));
}

/** The status of the edge's verdict on a token. */
export async function verdictOf(edge: Pool, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await edge.request({ method: 'GET', path: '/_portcullis/verdict', headers });
  await body.dump();
  return statusCode;
}

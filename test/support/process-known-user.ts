import { expect } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Change, EventBody } from './process-client.js';
import type { CommandBody, SignInBody } from './program-client.js';
import type { Answer } from './program-http.js';

export interface KnownSession {
  readonly sid: string;
  /** Claim `ver` of its tokens. */
  readonly version: number;
  readonly refresh: string;
  /** Access tokens. */
  readonly tokens: string[];
}

const killing = ['portcullis.user.disabled.v1', 'portcullis.user.sessions-revoked.v1', 'portcullis.user.deleted.v1'];

/** What the only client of a user knows of it, from the answers that it got and from nothing else. */
export class KnownUser {
  /** Acknowledged events, oldest first: the whole stream, since nobody else commands this user. */
  readonly events: EventBody[] = [];
  readonly sessions: KnownSession[] = [];
  state: 'confirmed' | 'disabled' | 'deleted' = 'confirmed';
  readonly #revoked = new Set<string>();

  constructor(
    readonly id: string,
    readonly email: string,
    readonly password: string,
    registered: readonly EventBody[],
  ) {
    expect(registered).toMatchObject([{ type: 'portcullis.user.registered.v1', version: 1 }]);
    this.events.push(...registered);
  }

  /** What a command must append just now; null when there is nothing to do. */
  eventOf({ name, sid = '' }: Change): string | null {
    switch (name) {
      case 'disable':
        return this.state === 'confirmed' ? 'portcullis.user.disabled.v1' : null;
      case 'enable':
        return this.state === 'disabled' ? 'portcullis.user.enabled.v1' : null;
      case 'revoke-sessions':
        return 'portcullis.user.sessions-revoked.v1';
      case 'revoke-session': {
        const session = this.sessions.find((one) => one.sid === sid);
        return session && this.isDead(session) ? null : 'portcullis.user.session-revoked.v1';
      }
      case 'delete':
        return 'portcullis.user.deleted.v1';
    }
  }

  /** Notes the answer to a command, which must be the right one. */
  acknowledged(change: Change, answer: Answer<CommandBody>): void {
    const type = this.eventOf(change);
    const version = this.events.length + (type === null ? 0 : 1);
    expect(answer).toMatchObject({
      status: 200,
      body: { userId: this.id, version, events: type === null ? [] : [{ type, version }] },
    });
    for (const event of answer.body.events) this.happened(change, event);
  }

  happened({ sid = '' }: Change, event: EventBody): void {
    expect(event.version).toBe(this.events.length + 1);
    this.events.push({ id: event.id, type: event.type, version: event.version });
    switch (event.type) {
      case 'portcullis.user.disabled.v1':
        this.state = 'disabled';
        return;
      case 'portcullis.user.enabled.v1':
        this.state = 'confirmed';
        return;
      case 'portcullis.user.deleted.v1':
        this.state = 'deleted';
        return;
      case 'portcullis.user.session-revoked.v1':
        this.#revoked.add(sid);
    }
  }

  signedIn(answer: Answer<SignInBody>): void {
    expect(answer).toMatchObject({ status: 200, body: { user_id: this.id } });
    const { access_token: token, refresh_token: refresh } = answer.body;
    const { sid, ver } = decodeJwt(token);
    expect(ver).toBe(this.events.length);
    this.sessions.push({ sid: String(sid), version: Number(ver), refresh, tokens: [token] });
  }

  /** The rule of docs/architecture.md, section 2, told once more and apart from the code under test. */
  isDead({ sid, version }: KnownSession): boolean {
    const watermark = this.events.findLast(({ type }) => killing.includes(type))?.version ?? 0;
    return version < watermark || this.#revoked.has(sid);
  }

  /** Access tokens that must be refused, or those that must be let in. */
  tokens(which: 'dead' | 'living'): string[] {
    return this.sessions.flatMap((one) => (this.isDead(one) === (which === 'dead') ? one.tokens : []));
  }
}

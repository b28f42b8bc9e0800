import { expect } from '@jest/globals';
import type { ProcessClient } from './process-client.js';
import { KnownUser } from './process-known-user.js';
import type { Contested, CutOff, LoadClient } from './process-load.js';

/** After a restart: finds out what became of the command that was cut off, as a client would, and checks that it may be so. */
export async function settleCutOff(load: LoadClient, contested: Contested, client: ProcessClient): Promise<void> {
  const { cutOff } = load;
  load.cutOff = null;
  switch (cutOff?.kind) {
    case 'change':
      return settleChange(cutOff, client);
    case 'contested': {
      const answer = await client.change(contested.id, cutOff.change);
      expect(answer).toMatchObject({ status: 200, body: { events: [{}] } });
      for (const { version, id } of answer.body.events) contested.events.set(version, id);
      return;
    }
    case 'register':
      load.users.push(await settleRegistration(cutOff, load.unique('other-password'), client));
  }
}

async function settleChange({ user, change }: Extract<CutOff, { kind: 'change' }>, client: ProcessClient) {
  if (change.key === null) {
    const more = (await client.events(user.id)).slice(user.events.length);
    const type = user.eventOf(change);
    expect(more.length).toBeLessThanOrEqual(type === null ? 0 : 1);
    for (const event of more) {
      expect(event.type).toBe(type);
      user.happened(change, event);
    }
    return;
  }
  // It gets the answer that it would have got; that it happened once shows when the stream is compared.
  const repeated = await client.change(user.id, change);
  user.acknowledged(change, repeated);
  const again = await client.change(user.id, change);
  expect(again).toMatchObject({ status: 200, headers: { 'idempotency-replayed': 'true' }, body: repeated.body });
}

/** With a key the same attempt is finished; without one the next attempt gets the address, or the first one has it. */
async function settleRegistration(
  { email, password, key }: Extract<CutOff, { kind: 'register' }>,
  otherPassword: string,
  client: ProcessClient,
): Promise<KnownUser> {
  const sent = { email, password: key === null ? otherPassword : password };
  const answer = await client.register(sent, key);
  const taken = key === null && answer.status === 409;
  if (!taken) expect(answer.status).toBe(201);
  const right = taken ? password : sent.password;
  if (taken) expect(await client.signIn({ email, password: otherPassword })).toMatchObject({ status: 401 });
  const signedIn = await client.signIn({ email, password: right });
  expect(signedIn.status).toBe(200);
  const { user_id: userId } = signedIn.body;
  const user = new KnownUser(
    userId,
    email,
    right,
    (await client.events(userId)).map(({ id, type, version }) => ({ id, type, version })),
  );
  if (!taken) expect(answer.body).toMatchObject({ userId, events: user.events });
  user.signedIn(signedIn);
  return user;
}

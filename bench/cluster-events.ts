import { randomUUID } from 'node:crypto';
import { objectIds } from '#libs/accounts';
import { currentRevision, type UserFact } from '#libs/domain';
import { KafkaEventLog, kafkaSettings, topicSettings } from '#libs/event-log/kafka';
import { cloudEventOf } from '#libs/event-store';
import { type Config, createLogger } from '#libs/platform';

/**
 * `mixed`: of ten users, all register and confirm, six sign out, two have their sessions revoked, one is disabled and
 * enabled again: nine of thirty events are for the revocation set. `revoking`: of every user, sessions are revoked four
 * times and nothing else.
 */
export type Mixture = 'mixed' | 'revoking';

const registered: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: false } };
const confirmed: UserFact = { type: 'portcullis.user.confirmed.v1', data: {} };
const revoked: UserFact = { type: 'portcullis.user.sessions-revoked.v1', data: {} };
const disabled: UserFact = { type: 'portcullis.user.disabled.v1', data: {} };
const enabled: UserFact = { type: 'portcullis.user.enabled.v1', data: {} };

/** Of the user with that number, in order of version from 1 on. */
function storyOf(mixture: Mixture, number: number): readonly UserFact[] {
  if (mixture === 'revoking') return [revoked, revoked, revoked, revoked];
  const last = number % 10;
  if (last < 6) {
    return [registered, confirmed, { type: 'portcullis.user.session-revoked.v1', data: { sid: randomUUID() } }];
  }
  if (last < 8) return [registered, confirmed, revoked];
  return last === 8 ? [registered, confirmed, disabled, enabled] : [registered, confirmed];
}

const usersAtOnce = 2_000;

/** Puts so many events, or a few more, on the topic, as the relay would: many users' streams grow side by side. */
export async function publishEvents(config: Config, mixture: Mixture, wanted: number): Promise<number> {
  const logger = createLogger({ LOG_LEVEL: 'error', LOG_FORMAT: 'json' });
  const log = new KafkaEventLog({
    ...kafkaSettings(config, 'bench', logger),
    topic: config.KAFKA_TOPIC,
    attributes: cloudEventOf,
  });
  await log.ensureTopic(topicSettings(config));
  const newId = objectIds(Date.now);
  let published = 0;
  for (let number = 0; published < wanted; number += usersAtOnce) {
    const streams = Array.from({ length: usersAtOnce }, (_, index) => ({
      userId: newId(),
      story: storyOf(mixture, number + index),
    }));
    for (let step = 0; streams.some(({ story }) => story.length > step); step += 1) {
      const records = streams.flatMap(({ userId, story }) => recordOf(userId, step + 1, story[step]));
      await log.publish(records);
      published += records.length;
    }
  }
  await log.close();
  return published;
}

function recordOf(userId: string, version: number, fact: UserFact | undefined) {
  if (fact === undefined) return [];
  const value = {
    id: randomUUID(),
    type: fact.type,
    revision: currentRevision[fact.type],
    app: 'main',
    userId,
    version,
    time: Date.now(),
    actor: { kind: 'admin', id: 'environment' },
    reason: null,
    commandId: randomUUID(),
    correlationId: randomUUID(),
    data: fact.data,
  };
  return [{ id: `main/${userId}:${String(version).padStart(10, '0')}`, key: userId, value }];
}

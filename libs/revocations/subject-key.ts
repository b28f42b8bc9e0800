import type { Subject } from './revocations.js';

/**
 * A subject as one string: `app` for the app itself, `app/userId` for a user. An app's id that holds a slash is escaped,
 * so that no app can be taken for another app's user.
 */
export function subjectKey(subject: Subject): string {
  const app = awkward.test(subject.app) ? escaped(subject.app) : subject.app;
  return subject.userId === null ? app : `${app}/${subject.userId}`;
}

/** The subject whose key this is. */
export function subjectOf(key: string): Subject {
  const slash = key.indexOf('/');
  if (slash === -1) return { app: unescaped(key), userId: null };
  return { app: unescaped(key.slice(0, slash)), userId: key.slice(slash + 1) };
}

const awkward = /[%/]/;

function escaped(app: string): string {
  return app.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function unescaped(app: string): string {
  return app.replaceAll('%2F', '/').replaceAll('%25', '%');
}

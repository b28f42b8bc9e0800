import { call } from './call.js';
import type { CommandBody, Person, UserCommandName } from './person.js';
import type { Servers } from './servers.js';
import { TokenWatch } from './token-watch.js';

/** One line of the story: what was sent, what came back, and whether that is what should have. */
export interface Scene {
  readonly sent: string;
  readonly cameBack: string;
  readonly asItShould: boolean;
  /** For a command that kills tokens: ms until the first refusal was here; null when there was none. */
  readonly refusal?: { readonly afterAnswerMs: number | null; readonly afterSendingMs: number | null };
}

const refusedWithinMs = 3_000;
/** How long a refused token is still tried: it must not be let in again. */
const tryOnMs = 150;

/** Plays the story of one user, scene by scene. A scene that did not go as it should does not end it. */
export async function* play(person: Person, servers: Servers): AsyncGenerator<Scene> {
  const registered = await person.register();
  yield told(`register ${person.email}`, registered, registered.status === 201);
  let token = yield* letIn('sign in');
  yield await killing('disable', token);
  yield refusedToSignIn(await person.signIn(), 'UserDisabled');
  const enabled = await person.command('enable');
  yield told('enable', enabled, enabled.status === 200);
  yield await knock('the old token', token, 401);
  token = yield* letIn('sign in again');
  yield await killing('revoke-sessions', token);
  const old = token;
  token = yield* letIn('sign in again, at once');
  yield await knock('the old token', old, 401);
  yield await killing('delete', token);
  yield refusedToSignIn(await person.signIn(), 'InvalidPassword');

  /** A command, while the edge is asked for the token all the time. */
  async function killing(name: UserCommandName, victim: string): Promise<Scene> {
    const watch = new TokenWatch(servers.edge, victim);
    const sentAt = performance.now();
    const answer = await person.command(name);
    const answeredAt = performance.now();
    const { refusedAt, lastLetInSentAt } = await watch.stop(refusedWithinMs, tryOnMs);
    const inTime = refusedAt !== null && (lastLetInSentAt === null || lastLetInSentAt < answeredAt);
    return {
      ...told(name, answer, answer.status === 200 && inTime),
      refusal: {
        afterAnswerMs: refusedAt === null ? null : refusedAt - answeredAt,
        afterSendingMs: refusedAt === null ? null : refusedAt - sentAt,
      },
    };
  }

  async function knock(whose: string, shown: string, status: number): Promise<Scene> {
    const answer = await call<{ readonly code?: string }>(servers.edge, {
      method: 'GET',
      path: '/hello',
      bearer: shown,
    });
    const said = answer.status === 200 ? 'let in' : (answer.body.code ?? '');
    return {
      sent: `${whose}, to the edge`,
      cameBack: `${answer.status} ${said}`,
      asItShould: answer.status === status,
    };
  }

  async function* letIn(sent: string): AsyncGenerator<Scene, string> {
    const { status, body } = await person.signIn();
    const shown = body.access_token ?? '';
    yield { sent, cameBack: `${status} ${body.error_code ?? 'a token'}`, asItShould: status === 200 };
    yield await knock('the new token', shown, 200);
    return shown;
  }
}

function told(sent: string, { status, body }: { status: number; body: CommandBody }, asItShould: boolean): Scene {
  const [event] = body.events ?? [];
  const said = event ? `${event.type} at ${event.version}, ${body.enforcement.status}` : (body.code ?? 'nothing to do');
  return { sent, cameBack: `${status} ${said}`, asItShould };
}

function refusedToSignIn(answer: { status: number; body: { error_code?: string } }, code: string): Scene {
  const said = answer.body.error_code ?? 'a token';
  return { sent: 'sign in', cameBack: `${answer.status} ${said}`, asItShould: said === code };
}

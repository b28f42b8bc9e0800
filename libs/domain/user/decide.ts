import { type Decision, nothingToDo, refused, yields } from '../decision.js';
import type { UserCommand } from './commands.js';
import type { UserFact } from './facts.js';
import type { UserState } from './state.js';

/**
 * Decides a command against the state of the user's stream: one fact, nothing to do, or a refusal. The whole table is
 * in docs/architecture.md, section 5. Pure: the same input always gives the same decision.
 */
export function decideUser(command: UserCommand, state: UserState): Decision<UserFact> {
  if (command.type === 'register') return register(command.confirmed, state);
  switch (state.status) {
    case 'unknown':
    case 'deleted':
      return refused('UserNotFound');
    case 'pending':
      return decidePending(command);
    case 'confirmed':
    case 'disabled':
      return decideConfirmed(command, state);
  }
}

type LifeCommand = Exclude<UserCommand, { type: 'register' }>;

function register(confirmed: boolean, state: UserState): Decision<UserFact> {
  return state.status === 'unknown'
    ? yields({ type: 'portcullis.user.registered.v1', data: { confirmed } })
    : refused('UserAlreadyRegistered');
}

function decidePending(command: LifeCommand): Decision<UserFact> {
  switch (command.type) {
    case 'confirm':
      return yields({ type: 'portcullis.user.confirmed.v1', data: {} });
    case 'disable':
    case 'enable':
      return refused('UserNotConfirmed');
    case 'revoke-sessions':
    case 'revoke-session':
      return nothingToDo; // A pending user cannot sign in, so there is no session to revoke.
    case 'delete':
      return yields({ type: 'portcullis.user.deleted.v1', data: {} });
  }
}

function decideConfirmed(command: LifeCommand, state: UserState): Decision<UserFact> {
  switch (command.type) {
    case 'confirm':
      return refused('UserAlreadyConfirmed');
    case 'disable':
      return state.status === 'disabled' ? nothingToDo : yields({ type: 'portcullis.user.disabled.v1', data: {} });
    case 'enable':
      return state.status === 'confirmed' ? nothingToDo : yields({ type: 'portcullis.user.enabled.v1', data: {} });
    case 'revoke-sessions':
      return yields({ type: 'portcullis.user.sessions-revoked.v1', data: {} });
    case 'revoke-session': {
      const { sid, version, revoked } = command.session;
      const alreadyDead = revoked || version < state.watermark;
      return alreadyDead ? nothingToDo : yields({ type: 'portcullis.user.session-revoked.v1', data: { sid } });
    }
    case 'delete':
      return yields({ type: 'portcullis.user.deleted.v1', data: {} });
  }
}

import type { RefusalCode } from '#libs/domain';

const words: Readonly<Record<RefusalCode, string>> = {
  UserNotFound: 'there is no such user',
  UserAlreadyRegistered: 'the user is registered already',
  UserAlreadyConfirmed: 'the user is confirmed already',
  UserNotConfirmed: 'the user is not confirmed yet: confirm or delete the user instead',
};

/** The decider refused a command. */
export class CommandRefused extends Error {
  constructor(readonly code: RefusalCode) {
    super(words[code]);
  }
}

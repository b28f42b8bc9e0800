import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Accounts, AdminKeys, Sessions } from '#libs/accounts';
import { EventStore } from '#libs/event-store';
import { SigningKeys, TokenIssuer } from '#libs/tokens';
import { Users } from '#libs/users';
import { ClientAuthController } from './app-services/client-auth.controller.js';
import type { ControlParts } from './control-parts.js';
import { AppDecisions } from './decisions/app-decisions.js';
import { CommandLog } from './decisions/command-log.js';
import { Enforcement } from './decisions/enforcement.js';
import { UserDecisions } from './decisions/user-decisions.js';
import { ChangeUserHandler } from './handlers/change-user.js';
import { RegisterUserHandler } from './handlers/register-user.js';
import { RevokeAppSessionsHandler } from './handlers/revoke-app-sessions.js';
import { RevokeSessionHandler } from './handlers/revoke-session.js';
import { AdminGuard } from './http/admin/admin-guard.js';
import { AppsController } from './http/apps/apps.controller.js';
import { CommandResults } from './http/idempotency/command-results.js';
import { IdempotencyInterceptor } from './http/idempotency/idempotency-interceptor.js';
import { APP_ID, LOGGER, NEW_USER_ID, TOKEN_VERIFIER } from './http/injection-tokens.js';
import { AdminKeysController } from './http/keys/admin-keys.controller.js';
import { KeyLog } from './http/keys/key-log.js';
import { SigningKeysController } from './http/keys/signing-keys.controller.js';
import { OAuthController } from './http/oauth/oauth.controller.js';
import { UsersController } from './http/users/users.controller.js';
import { LivingSessions } from './sign-in/living-session.js';
import { SignIn } from './sign-in/sign-in.js';

@Module({})
class ControlModule {}

/** The control API, put together from its parts. */
export function controlModule(parts: ControlParts): DynamicModule {
  const { config, logger, metrics, now, store, revocations } = parts;
  const enforcement = new Enforcement(revocations, { atOnce: config.ENFORCE_AT_ONCE, now, metrics, logger });
  return {
    module: ControlModule,
    imports: [CqrsModule.forRoot()],
    controllers: [
      UsersController,
      AppsController,
      AdminKeysController,
      SigningKeysController,
      OAuthController,
      ClientAuthController,
    ],
    providers: [
      ChangeUserHandler,
      RegisterUserHandler,
      RevokeSessionHandler,
      RevokeAppSessionsHandler,
      AdminGuard,
      IdempotencyInterceptor,
      { provide: APP_ID, useValue: config.APP_ID },
      { provide: NEW_USER_ID, useValue: parts.newId },
      { provide: Accounts, useValue: parts.accounts },
      { provide: Sessions, useValue: parts.sessions },
      { provide: AdminKeys, useValue: parts.adminKeys },
      { provide: EventStore, useValue: store },
      { provide: Users, useValue: parts.users },
      { provide: SigningKeys, useValue: parts.signingKeys },
      { provide: TokenIssuer, useValue: parts.issuer },
      { provide: TOKEN_VERIFIER, useValue: parts.verifier },
      { provide: CommandResults, useValue: parts.commandResults },
      { provide: CommandLog, useValue: new CommandLog(logger, metrics) },
      { provide: KeyLog, useValue: new KeyLog(logger) },
      { provide: UserDecisions, useValue: new UserDecisions(store, enforcement, now) },
      { provide: AppDecisions, useValue: new AppDecisions(store, enforcement, now) },
      { provide: SignIn, useValue: new SignIn(parts) },
      { provide: LivingSessions, useValue: new LivingSessions(parts) },
      { provide: LOGGER, useValue: logger },
    ],
  };
}

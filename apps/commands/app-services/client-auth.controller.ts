import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  UseFilters,
  UsePipes,
} from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Sessions } from '#libs/accounts';
import { TokenIssuer } from '#libs/tokens';
import { RevokeSession } from '../handlers/revoke-session.js';
import type { ControlRequest } from '../http/control-request.js';
import { APP_ID } from '../http/injection-tokens.js';
import { sentBy } from '../http/sent.js';
import { domainIdOf, grantOf } from '../sign-in/grant.js';
import { LivingSessions } from '../sign-in/living-session.js';
import { SignIn } from '../sign-in/sign-in.js';
import { Bearer } from './bearer.js';
import { ClientError, ClientErrorFilter } from './client-error.js';
import { clientBody, deviceIdIn, deviceIn, PasswordCredentials } from './client-requests.js';

/** The client API of App Services, as far as signing in goes: the paths and answers that its clients know. */
@ApiTags('client (App Services compatible)')
@Controller('api/client/v2.0')
@UseFilters(ClientErrorFilter)
@UsePipes(clientBody)
export class ClientAuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly living: LivingSessions,
    private readonly sessions: Sessions,
    private readonly issuer: TokenIssuer,
    private readonly bus: CommandBus,
    @Inject(APP_ID) private readonly app: string,
  ) {}

  @Post('app/:app/auth/providers/local-userpass/login')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sign in with email (`username`) and password' })
  async login(@Param('app') app: string, @Body() body: PasswordCredentials, @Req() request: ControlRequest) {
    if (app !== this.app) throw new ClientError(404, 'AppNotFound', `cannot find app using Client App ID '${app}'`);
    const signedIn = await this.signIn.withPassword({
      app,
      email: body.username,
      password: body.password,
      deviceId: deviceIdIn(body.options),
      device: deviceIn(body.options),
      address: request.ip,
    });
    return {
      access_token: signedIn.accessToken,
      refresh_token: signedIn.refreshToken,
      user_id: signedIn.userId,
      device_id: signedIn.deviceId,
    };
  }

  @Get('auth/profile')
  @ApiOperation({ summary: 'Who the access token belongs to' })
  async profile(@Bearer() token: string) {
    const { session, account } = await this.living.open(token, 'access');
    return {
      user_id: account.userId,
      domain_id: domainIdOf(session.app),
      identities: [{ id: account.identityId, provider_type: session.provider }],
      data: { email: account.email },
      type: 'normal',
    };
  }

  @Post('auth/session')
  @ApiOperation({ summary: 'A new access token for a refresh token; it carries the versions of its session' })
  async refresh(@Bearer() token: string) {
    const { session, account } = await this.living.open(token, 'refresh');
    await this.sessions.used(session.sid);
    return { access_token: (await this.issuer.issueAccess(grantOf(session, account))).token };
  }

  @Delete('auth/session')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign out: revokes the session of the refresh token' })
  async signOut(@Bearer() token: string, @Req() request: ControlRequest): Promise<void> {
    const { session } = await this.living.open(token, 'refresh');
    const sent = sentBy(request, { kind: 'user', id: session.userId }, null);
    await this.bus.execute(new RevokeSession(session, session.sid, sent));
  }
}

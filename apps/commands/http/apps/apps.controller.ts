import { Body, Controller, HttpCode, Inject, Param, Post, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '#libs/platform';
import type { SentCommand } from '../../decisions/sent-command.js';
import { RevokeAppSessions } from '../../handlers/revoke-app-sessions.js';
import { AdminGuard } from '../admin/admin-guard.js';
import { ApiAdminKey } from '../admin/api-admin-key.js';
import { LeastRole } from '../admin/roles.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency-interceptor.js';
import { APP_ID } from '../injection-tokens.js';
import { Sent } from '../sent.js';
import { strictBody } from '../strict-body.js';
import { CommandAnswer, commandAnswer } from '../users/answers.js';
import { Reason } from '../users/user-requests.js';

@ApiTags('apps')
@ApiAdminKey()
@ApiHeader({ name: 'Idempotency-Key', required: false, description: 'a repeated command gets the first answer' })
@Controller('v1/apps')
@UseGuards(AdminGuard)
@UseInterceptors(IdempotencyInterceptor)
@UsePipes(strictBody)
export class AppsController {
  constructor(
    private readonly bus: CommandBus,
    @Inject(APP_ID) private readonly app: string,
  ) {}

  @Post(':app/revoke-sessions')
  @HttpCode(200)
  @LeastRole('admin')
  @ApiOperation({ summary: 'Revoke the sessions of everyone at once' })
  @ApiOkResponse({ type: CommandAnswer })
  async revokeSessions(
    @Param('app') app: string,
    @Body() _reason: Reason,
    @Sent() sent: SentCommand,
  ): Promise<CommandAnswer> {
    if (app !== this.app) throw new Problem(404, 'AppNotFound', 'there is no such app');
    return commandAnswer(await this.bus.execute(new RevokeAppSessions(app, sent)));
  }
}

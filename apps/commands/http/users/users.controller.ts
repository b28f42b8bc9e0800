import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Accounts, Sessions } from '#libs/accounts';
import { EventStore } from '#libs/event-store';
import { Problem } from '#libs/platform';
import { type UserDocument, Users } from '#libs/users';
import type { SentCommand } from '../../decisions/sent-command.js';
import { ChangeUser } from '../../handlers/change-user.js';
import { RegisterUser } from '../../handlers/register-user.js';
import { RevokeSession } from '../../handlers/revoke-session.js';
import { AdminGuard } from '../admin/admin-guard.js';
import { ApiAdminKey } from '../admin/api-admin-key.js';
import { LeastRole } from '../admin/roles.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency-interceptor.js';
import { APP_ID } from '../injection-tokens.js';
import { Sent } from '../sent.js';
import { strictBody } from '../strict-body.js';
import {
  CommandAnswer,
  commandAnswer,
  EventsAnswer,
  eventAnswer,
  SessionsAnswer,
  sessionAnswer,
  UserAnswer,
  UsersAnswer,
  userAnswer,
} from './answers.js';
import { searchUsers } from './search-users.js';
import { EventsQuery, listableStates, NewUser, Reason, UsersQuery } from './user-requests.js';

const mostSessions = 200;

@ApiTags('users')
@ApiAdminKey()
@ApiHeader({ name: 'Idempotency-Key', required: false, description: 'a repeated command gets the first answer' })
@Controller('v1/users')
@UseGuards(AdminGuard)
@UseInterceptors(IdempotencyInterceptor)
@UsePipes(strictBody)
export class UsersController {
  constructor(
    private readonly bus: CommandBus,
    private readonly users: Users,
    private readonly accounts: Accounts,
    private readonly sessions: Sessions,
    private readonly store: EventStore,
    @Inject(APP_ID) private readonly app: string,
  ) {}

  @Post()
  @LeastRole('operator')
  @ApiOperation({ summary: 'Register a user' })
  @ApiCreatedResponse({ type: CommandAnswer })
  async create(@Body() body: NewUser, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    const { email, password, confirmed = true } = body;
    return commandAnswer(await this.bus.execute(new RegisterUser(this.app, email, password, confirmed, sent)));
  }

  @Get()
  @LeastRole('viewer')
  @ApiOperation({ summary: 'List users, in order of id, or search them by the beginning of their email' })
  @ApiOkResponse({ type: UsersAnswer })
  async list(@Query() query: UsersQuery): Promise<UsersAnswer> {
    const { state, search, after = null, limit = 50 } = query;
    const statuses = state ? [state] : listableStates.filter((each) => each !== 'deleted');
    if (search !== undefined) {
      return await searchUsers({ app: this.app, statuses, search, after, limit }, this.users, this.accounts);
    }
    const page = await this.users.list({ app: this.app, statuses, after, limit });
    const accounts = new Map(
      (await this.accounts.findByIds(page.map(({ userId }) => userId))).map((a) => [a.userId, a]),
    );
    return {
      users: page.map((user) => userAnswer(user, accounts.get(user.userId) ?? null)),
      next: page.length === limit ? (page.at(-1)?.userId ?? null) : null,
    };
  }

  @Get(':id')
  @LeastRole('viewer')
  @ApiOperation({ summary: 'One user, as of the newest event' })
  @ApiOkResponse({ type: UserAnswer })
  async get(@Param('id') id: string): Promise<UserAnswer> {
    return userAnswer(await this.existing(id), await this.accounts.find(id));
  }

  @Get(':id/events')
  @LeastRole('viewer')
  @ApiOperation({ summary: 'The whole history of a user, oldest first' })
  @ApiOkResponse({ type: EventsAnswer })
  async events(@Param('id') id: string, @Query() query: EventsQuery): Promise<EventsAnswer> {
    await this.existing(id);
    const { after = 0, limit = 100 } = query;
    const events = await this.store.read(this.ref(id), after, limit);
    return {
      events: events.map(eventAnswer),
      next: events.length === limit ? (events.at(-1)?.version ?? null) : null,
    };
  }

  @Post(':id/confirm')
  @HttpCode(200)
  @LeastRole('operator')
  @ApiOperation({ summary: 'Confirm a pending user' })
  @ApiOkResponse({ type: CommandAnswer })
  confirm(@Param('id') id: string, @Body() _reason: Reason, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    return this.change(id, 'confirm', sent);
  }

  @Post(':id/disable')
  @HttpCode(200)
  @LeastRole('operator')
  @ApiOperation({ summary: 'Disable a user: every token dies, and signing in is refused until the user is enabled' })
  @ApiOkResponse({ type: CommandAnswer })
  disable(@Param('id') id: string, @Body() _reason: Reason, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    return this.change(id, 'disable', sent);
  }

  @Post(':id/enable')
  @HttpCode(200)
  @LeastRole('operator')
  @ApiOperation({ summary: 'Enable a disabled user; the old tokens stay dead' })
  @ApiOkResponse({ type: CommandAnswer })
  enable(@Param('id') id: string, @Body() _reason: Reason, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    return this.change(id, 'enable', sent);
  }

  @Post(':id/revoke-sessions')
  @HttpCode(200)
  @LeastRole('operator')
  @ApiOperation({ summary: 'Revoke all sessions of a user, who can sign in again at once' })
  @ApiOkResponse({ type: CommandAnswer })
  revokeSessions(@Param('id') id: string, @Body() _reason: Reason, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    return this.change(id, 'revoke-sessions', sent);
  }

  @Delete(':id')
  @LeastRole('operator')
  @ApiOperation({ summary: 'Delete a user for ever: tokens die, and email and password are erased' })
  @ApiOkResponse({ type: CommandAnswer })
  delete(@Param('id') id: string, @Body() _reason: Reason, @Sent() sent: SentCommand): Promise<CommandAnswer> {
    return this.change(id, 'delete', sent);
  }

  @Get(':id/sessions')
  @LeastRole('viewer')
  @ApiOperation({ summary: 'The living sessions of a user, newest first, at most 200' })
  @ApiOkResponse({ type: SessionsAnswer })
  async listSessions(@Param('id') id: string): Promise<SessionsAnswer> {
    const user = await this.existing(id);
    const { watermark: appWatermark } = await this.store.loadApp(this.app);
    const sessions = await this.sessions.listOf(id, mostSessions);
    const living = sessions.filter((s) => s.version >= user.watermark && s.appVersion >= appWatermark);
    return { sessions: living.map(sessionAnswer) };
  }

  @Delete(':id/sessions/:sid')
  @LeastRole('operator')
  @ApiOperation({ summary: 'Revoke one session' })
  @ApiOkResponse({ type: CommandAnswer })
  async revokeSession(
    @Param('id') id: string,
    @Param('sid') sid: string,
    @Body() _reason: Reason,
    @Sent() sent: SentCommand,
  ): Promise<CommandAnswer> {
    return commandAnswer(await this.bus.execute(new RevokeSession(this.ref(id), sid, sent)));
  }

  private async change(id: string, type: ChangeUser['change']['type'], sent: SentCommand): Promise<CommandAnswer> {
    return commandAnswer(await this.bus.execute(new ChangeUser(this.ref(id), { type }, sent)));
  }

  private async existing(id: string): Promise<UserDocument> {
    const user = await this.users.get(this.app, id);
    if (user === null) throw new Problem(404, 'UserNotFound', 'there is no such user');
    return user;
  }

  private ref(userId: string) {
    return { app: this.app, userId };
  }
}

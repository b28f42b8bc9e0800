import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Account, Session } from '#libs/accounts';
import type { RecordedEvent } from '#libs/domain';
import type { UserDocument } from '#libs/users';
import type { CommandOutcome } from '../../decisions/outcome.js';
import { iso } from '../iso.js';

export class AppendedEventAnswer {
  @ApiProperty() id!: string;
  @ApiProperty({ example: 'portcullis.user.disabled.v1' }) type!: string;
  @ApiProperty() version!: number;
}

export class EnforcementAnswer {
  @ApiProperty({ enum: ['enforced', 'pending'], description: 'pending: the log will see to it, a little later' })
  status!: 'enforced' | 'pending';
  @ApiPropertyOptional({ format: 'date-time' }) at?: string;
}

export class CommandAnswer {
  @ApiProperty({ type: String, nullable: true }) userId!: string | null;
  @ApiProperty({ description: 'of the stream, after the command' }) version!: number;
  @ApiProperty({ type: [AppendedEventAnswer], description: 'empty when there was nothing to do' })
  events!: readonly AppendedEventAnswer[];
  @ApiProperty() enforcement!: EnforcementAnswer;
}

export function commandAnswer({ userId, version, events, enforcement }: CommandOutcome): CommandAnswer {
  const told =
    enforcement.status === 'enforced'
      ? { status: enforcement.status, at: iso(enforcement.at) }
      : { status: enforcement.status };
  return { userId, version, events, enforcement: told };
}

export class UserAnswer {
  @ApiProperty() id!: string;
  @ApiProperty() app!: string;
  @ApiProperty({ type: String, nullable: true, description: 'null when the account has been erased' })
  email!: string | null;
  @ApiProperty({ enum: ['pending', 'confirmed', 'disabled', 'deleted'] }) state!: string;
  @ApiProperty() version!: number;
  @ApiProperty({ description: 'tokens whose claim `ver` is lower are dead' }) watermark!: number;
  @ApiProperty({ format: 'date-time' }) registeredAt!: string;
  @ApiProperty({ format: 'date-time' }) changedAt!: string;
  @ApiProperty({ type: String, nullable: true }) reason!: string | null;
}

export function userAnswer(user: UserDocument, account: Account | null): UserAnswer {
  return {
    id: user.userId,
    app: user.app,
    email: user.status === 'deleted' ? null : (account?.email ?? null),
    state: user.status,
    version: user.version,
    watermark: user.watermark,
    registeredAt: iso(user.registeredAt),
    changedAt: iso(user.changedAt),
    reason: user.statusReason,
  };
}

export class UsersAnswer {
  @ApiProperty({ type: [UserAnswer] }) users!: readonly UserAnswer[];
  @ApiProperty({ type: String, nullable: true, description: 'give it as `after` for the next page; null at the end' })
  next!: string | null;
}

export class EventsAnswer {
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  events!: readonly object[];
  @ApiProperty({ type: Number, nullable: true, description: 'give it as `after` for the next page; null at the end' })
  next!: number | null;
}

export function eventAnswer(event: RecordedEvent): object {
  return { ...event, time: iso(event.time) };
}

export class DeviceAnswer {
  @ApiPropertyOptional() platform?: string;
  @ApiPropertyOptional() platformVersion?: string;
  @ApiPropertyOptional() sdkVersion?: string;
  @ApiPropertyOptional() appId?: string;
  @ApiPropertyOptional() appVersion?: string;
}

export class SessionAnswer {
  @ApiProperty() sid!: string;
  @ApiProperty({ description: 'claim `ver` of its tokens' }) version!: number;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ format: 'date-time' }) lastUsedAt!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
  @ApiProperty() deviceId!: string;
  @ApiProperty({ description: 'what the client said of the device when it signed in' }) device!: DeviceAnswer;
}

export function sessionAnswer(session: Session): SessionAnswer {
  return {
    sid: session.sid,
    version: session.version,
    createdAt: iso(session.createdAt),
    lastUsedAt: iso(session.lastUsedAt),
    expiresAt: iso(session.expiresAt),
    deviceId: session.deviceId,
    device: session.device ?? {},
  };
}

export class SessionsAnswer {
  @ApiProperty({ type: [SessionAnswer] }) sessions!: readonly SessionAnswer[];
}

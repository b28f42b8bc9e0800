import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import type { UserStatus } from '#libs/domain';

/**
 * An email as it is used for signing in: case-sensitive, as App Services' were. Control characters and halves of surrogate
 * pairs are in no address, and would be looked for in vain.
 */
const emailForm = /^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,255}$/u;

/** May be left out, and is not null: `IsOptional` of class-validator would let null pass unchecked. */
const MayBeAbsent = () => ValidateIf((_object, value) => value !== undefined);

export class NewUser {
  @ApiProperty({ example: 'ada@example.org', maxLength: 254 })
  @IsString()
  @MaxLength(254)
  @Matches(emailForm, { message: 'email must be an email address' })
  email!: string;

  @ApiProperty({ minLength: 6, maxLength: 128 })
  @IsString()
  @Length(6, 128)
  password!: string;

  @ApiPropertyOptional({ default: true, description: 'false: the user must be confirmed before signing in' })
  @MayBeAbsent()
  @IsBoolean()
  confirmed?: boolean;
}

export class Reason {
  @ApiPropertyOptional({ maxLength: 500, description: 'why; kept in the event, so write nothing private here' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export const listableStates = ['pending', 'confirmed', 'disabled', 'deleted'] as const satisfies readonly UserStatus[];

const numeric = ({ value }: { value: unknown }) =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

export class UsersQuery {
  @ApiPropertyOptional({ enum: listableStates, description: 'all but the deleted when absent' })
  @IsOptional()
  @IsIn(listableStates)
  state?: (typeof listableStates)[number];

  @ApiPropertyOptional({ description: 'the beginning of an email, in any case, or a whole user id' })
  @IsOptional()
  @IsString()
  @Length(1, 256)
  search?: string;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @IsString()
  @Length(1, 600)
  after?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Transform(numeric)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;
}

export class EventsQuery {
  @ApiPropertyOptional({ minimum: 0, default: 0, description: 'only events with a higher version' })
  @IsOptional()
  @Transform(numeric)
  @IsInt()
  @Min(0)
  after?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 100 })
  @IsOptional()
  @Transform(numeric)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

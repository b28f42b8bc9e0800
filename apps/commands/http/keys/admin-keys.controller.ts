import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, UseGuards, UsePipes } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { type AdminKey, AdminKeys, type AdminRole, adminRoles } from '#libs/accounts';
import { Problem } from '#libs/platform';
import { AdminGuard } from '../admin/admin-guard.js';
import { ApiAdminKey } from '../admin/api-admin-key.js';
import { LeastRole } from '../admin/roles.js';
import type { ControlRequest } from '../control-request.js';
import { iso } from '../iso.js';
import { strictBody } from '../strict-body.js';
import { KeyLog, loggable } from './key-log.js';

class NewAdminKey {
  @ApiProperty({ description: 'what the key is for' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ enum: adminRoles })
  @IsIn(adminRoles)
  role!: AdminRole;
}

@ApiTags('admin keys')
@ApiAdminKey()
@Controller('v1/admin-keys')
@UseGuards(AdminGuard)
@LeastRole('admin')
@UsePipes(strictBody)
export class AdminKeysController {
  constructor(
    private readonly keys: AdminKeys,
    private readonly log: KeyLog,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make an admin key; its text is in this answer and nowhere else' })
  async create(@Body() body: NewAdminKey, @Req() request: ControlRequest): Promise<object> {
    const { role } = body;
    const made = await this.log.watch(
      'make-admin-key',
      request,
      { role },
      () => this.keys.create(body),
      ({ keyId }) => ({ keyId }),
    );
    return { ...adminKeyAnswer(made), text: made.text };
  }

  @Get()
  @ApiOperation({ summary: 'List the admin keys, without their texts' })
  async list(): Promise<object> {
    return { keys: (await this.keys.list()).map(adminKeyAnswer) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove an admin key; the last one with role admin stays' })
  async remove(@Param('id') id: string, @Req() request: ControlRequest): Promise<void> {
    await this.log.watch('remove-admin-key', request, { keyId: loggable(id) }, async () => {
      if (!(await this.keys.remove(id))) throw new Problem(404, 'AdminKeyNotFound', 'there is no such admin key');
    });
  }
}

function adminKeyAnswer({ keyId, name, role, createdAt, disabledAt }: AdminKey): object {
  return { keyId, name, role, createdAt: iso(createdAt), disabledAt: disabledAt === null ? null : iso(disabledAt) };
}

import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { AdminKeys, type AdminRole, adminRoles } from '#libs/accounts';
import { Problem } from '#libs/platform';
import { AdminGuard } from '../admin/admin-guard.js';
import { LeastRole } from '../admin/roles.js';
import { strictBody } from '../strict-body.js';

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
@ApiBearerAuth()
@Controller('v1/admin-keys')
@UseGuards(AdminGuard)
@LeastRole('admin')
@UsePipes(strictBody)
export class AdminKeysController {
  constructor(private readonly keys: AdminKeys) {}

  @Post()
  @ApiOperation({ summary: 'Make an admin key; its text is in this answer and nowhere else' })
  async create(@Body() body: NewAdminKey): Promise<object> {
    return await this.keys.create(body);
  }

  @Get()
  @ApiOperation({ summary: 'List the admin keys, without their texts' })
  async list(): Promise<object> {
    return { keys: await this.keys.list() };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove an admin key; the last one with role admin stays' })
  async remove(@Param('id') id: string): Promise<void> {
    const removed = await this.keys.remove(id);
    if (!removed) throw new Problem(404, 'AdminKeyNotFound', 'there is no such admin key');
  }
}

import { Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SigningKeys } from '#libs/tokens';
import { AdminGuard } from '../admin/admin-guard.js';
import { LeastRole } from '../admin/roles.js';

@ApiTags('signing keys')
@ApiBearerAuth()
@Controller('v1/signing-keys')
@UseGuards(AdminGuard)
export class SigningKeysController {
  constructor(private readonly keys: SigningKeys) {}

  @Get()
  @LeastRole('viewer')
  @ApiOperation({ summary: 'The signing keys and when each begins to sign; nothing secret' })
  async list(): Promise<object> {
    return {
      keys: (await this.keys.list()).map((key) => ({
        ...key,
        createdAt: iso(key.createdAt),
        signsFrom: iso(key.signsFrom),
      })),
    };
  }

  @Post('rotate')
  @HttpCode(200)
  @LeastRole('admin')
  @ApiOperation({
    summary: 'Publish a new key, which signs a little later; tokens of the old one stay good until they expire',
  })
  async rotate(): Promise<object> {
    await this.keys.rotate();
    return await this.list();
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

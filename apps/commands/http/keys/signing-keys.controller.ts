import { Controller, Delete, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '#libs/platform';
import { SigningKeys } from '#libs/tokens';
import { AdminGuard } from '../admin/admin-guard.js';
import { ApiAdminKey } from '../admin/api-admin-key.js';
import { LeastRole } from '../admin/roles.js';
import type { ControlRequest } from '../control-request.js';
import { iso } from '../iso.js';
import { KeyLog, loggable } from './key-log.js';

@ApiTags('signing keys')
@ApiAdminKey()
@Controller('v1/signing-keys')
@UseGuards(AdminGuard)
export class SigningKeysController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly log: KeyLog,
  ) {}

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
  async rotate(@Req() request: ControlRequest): Promise<object> {
    await this.log.watch(
      'rotate-signing-key',
      request,
      {},
      () => this.keys.rotate(),
      ({ kid }) => ({ kid }),
    );
    return await this.list();
  }

  @Delete(':kid')
  @HttpCode(204)
  @LeastRole('admin')
  @ApiOperation({
    summary: 'Remove a key that has leaked: every token that it signed is dead, as soon as edges hear of it',
  })
  async remove(@Param('kid') kid: string, @Req() request: ControlRequest): Promise<void> {
    await this.log.watch('remove-signing-key', request, { kid: loggable(kid) }, async () => {
      if (!(await this.keys.remove(kid))) throw new Problem(404, 'SigningKeyNotFound', 'there is no such signing key');
    });
  }
}

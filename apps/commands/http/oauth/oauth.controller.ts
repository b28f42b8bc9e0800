import { Body, Controller, Get, Header, HttpCode, Inject, Post, Req, UsePipes } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiConsumes, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { SigningKeys, type TokenVerifier, type VerifiedToken } from '#libs/tokens';
import { CommandRefused } from '../../decisions/command-refused.js';
import { RevokeSession, SessionNotFound } from '../../handlers/revoke-session.js';
import type { ControlRequest } from '../control-request.js';
import { TOKEN_VERIFIER } from '../injection-tokens.js';
import { sentBy } from '../sent.js';
import { tolerantBody } from '../strict-body.js';

class RevocationRequest {
  @ApiProperty({ description: 'an access or a refresh token' })
  @IsString()
  @Length(1, 16_384)
  token!: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 64)
  token_type_hint?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 256)
  client_id?: string;
}

/** The parts of OAuth 2.0 that resource servers and clients ask of an issuer. */
@ApiTags('oauth')
@Controller()
@UsePipes(tolerantBody)
export class OAuthController {
  constructor(
    private readonly bus: CommandBus,
    private readonly keys: SigningKeys,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifier,
  ) {}

  @Get('.well-known/jwks.json')
  @Header('cache-control', 'public, max-age=60')
  @ApiOperation({ summary: 'The public keys that verify tokens (RFC 7517)' })
  async jwks(): Promise<object> {
    return await this.keys.jwks();
  }

  /**
   * RFC 7009: whoever holds a token may revoke it, and with it its whole session; a token that is not known, or not
   * valid any more, is answered with 200 as well (section 2.2).
   */
  @Post('oauth/revoke')
  @HttpCode(200)
  @ApiConsumes('application/x-www-form-urlencoded', 'application/json')
  @ApiOperation({ summary: 'Revoke the session of a token (RFC 7009)' })
  async revoke(@Body() body: RevocationRequest, @Req() request: ControlRequest): Promise<void> {
    const token = await this.verified(body.token);
    if (token === null) return;
    const sent = sentBy(request, { kind: 'user', id: token.userId }, null);
    try {
      await this.bus.execute(new RevokeSession(token, token.sid, sent));
    } catch (error) {
      // The session is gone, and its user perhaps too: there is nothing left to revoke.
      if (!(error instanceof SessionNotFound || error instanceof CommandRefused)) throw error;
    }
  }

  private async verified(text: string): Promise<VerifiedToken | null> {
    for (const use of ['refresh', 'access'] as const) {
      const verification = await this.verifier.verify(text, use);
      if (verification.ok) return verification.token;
    }
    return null;
  }
}

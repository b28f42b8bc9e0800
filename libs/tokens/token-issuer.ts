import { type JWTPayload, SignJWT } from 'jose';
import type { SigningKeys } from './signing-keys.js';
import type { TokenUse } from './verified-token.js';

/** What a token grants, and to whom: one session of one user. */
export interface TokenGrant {
  readonly app: string;
  readonly userId: string;
  readonly sid: string;
  /** The version of the user's stream when the session began: the session's own, at a refresh too. */
  readonly version: number;
  /** The same, of the app's stream. */
  readonly appVersion: number;
  readonly deviceId: string;
  readonly domainId: string;
  readonly identity: { readonly id: string; readonly providerType: string; readonly providerId: string };
  /** Claim `user_data` of the access token. */
  readonly userData: Readonly<Record<string, unknown>>;
}

export interface TokenIssuerSettings {
  readonly keys: Pick<SigningKeys, 'signer'>;
  /** Claim `iss`. */
  readonly issuer: string;
  /** Claim `aud`. */
  readonly audience: string;
  readonly accessTtlMs: number;
  readonly refreshTtlMs: number;
  readonly now: () => number;
  /** Makes the claim `jti`, never the same twice. */
  readonly newId: () => string;
}

export interface IssuedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The header `typ` of a token of each use (RFC 9068, section 2.1). */
export const headerTypes: Readonly<Record<TokenUse, string>> = { access: 'at+jwt', refresh: 'rt+jwt' };

/**
 * Issues signed tokens: access tokens by RFC 9068 with the claims that App Services' clients read, and refresh tokens.
 * Rejects with `StoreUnavailable` when the signing key cannot be read.
 */
export class TokenIssuer {
  readonly #settings: TokenIssuerSettings;

  constructor(settings: TokenIssuerSettings) {
    this.#settings = settings;
  }

  async issueAccess(grant: TokenGrant): Promise<IssuedToken> {
    return this.#issue('access', this.#settings.accessTtlMs, { ...claimsOf(grant), user_data: grant.userData });
  }

  async issueRefresh(grant: TokenGrant): Promise<IssuedToken> {
    const { id, providerType, providerId } = grant.identity;
    return this.#issue('refresh', this.#settings.refreshTtlMs, {
      ...claimsOf(grant),
      baas_id: grant.sid,
      baas_identity: { id, provider_type: providerType, provider_id: providerId },
      baas_data: null,
    });
  }

  async #issue(use: TokenUse, ttlMs: number, claims: JWTPayload): Promise<IssuedToken> {
    const { keys, issuer, audience, now, newId } = this.#settings;
    const { kid, algorithm, privateKey } = await keys.signer();
    const time = now();
    // Tokens count in whole seconds. Rounding down, none lives longer than it was meant to.
    const iat = Math.floor(time / 1000);
    const exp = Math.floor((time + ttlMs) / 1000);
    const token = await new SignJWT({ iss: issuer, aud: audience, iat, exp, jti: newId(), typ: use, ...claims })
      .setProtectedHeader({ alg: algorithm, kid, typ: headerTypes[use] })
      .sign(privateKey);
    return { token, issuedAt: iat * 1000, expiresAt: exp * 1000 };
  }
}

function claimsOf(grant: TokenGrant): JWTPayload {
  return {
    sub: grant.userId,
    client_id: grant.app,
    app: grant.app,
    sid: grant.sid,
    ver: grant.version,
    app_ver: grant.appVersion,
    baas_device_id: grant.deviceId,
    baas_domain_id: grant.domainId,
  };
}

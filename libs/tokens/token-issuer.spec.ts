import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import type { SigningAlgorithm } from './algorithm.js';
import { SigningKeys } from './signing-keys.js';
import { type TokenGrant, TokenIssuer } from './token-issuer.js';
import { createTokenVerifier } from './token-verifier.js';

const time = Date.UTC(2025, 0, 1) + 250;
const grant: TokenGrant = {
  app: 'myapp',
  userId: '64b000000000000000000001',
  sid: '64b000000000000000000002',
  version: 3,
  appVersion: 1,
  deviceId: '64b000000000000000000003',
  domainId: '64b000000000000000000004',
  identity: { id: '64b000000000000000000005', providerType: 'local-userpass', providerId: '64b000000000000000000006' },
  userData: { theme: 'dark' },
};

let folder: string;
let database: ReturnType<typeof openSqlite>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

async function issuing(algorithm: SigningAlgorithm) {
  const keys = await SigningKeys.open(new SqliteDocuments(database), {
    algorithm,
    publishAheadMs: 0,
    longestTokenLifeMs: 3_600_000,
    skewMs: 0,
    now: () => time,
  });
  const issuer = new TokenIssuer({
    keys,
    issuer: 'https://id.example',
    audience: 'myapp',
    accessTtlMs: 1_800_000,
    refreshTtlMs: 3_600_000,
    now: () => time,
    newId: () => 'jti-1',
  });
  return { keys, issuer };
}

describe.each(['ES256', 'RS256', 'EdDSA'] as const)('given %s keys', (algorithm) => {
  it('when an access token is issued, then it has the form of RFC 9068 and the claims that clients read', async () => {
    const { keys, issuer } = await issuing(algorithm);
    const { token, issuedAt, expiresAt } = await issuer.issueAccess(grant);
    const [key] = (await keys.jwks()).keys;
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, kid: key?.kid, typ: 'at+jwt' });
    expect(decodeJwt(token)).toEqual({
      iss: 'https://id.example',
      aud: 'myapp',
      sub: grant.userId,
      client_id: 'myapp',
      iat: Date.UTC(2025, 0, 1) / 1000,
      exp: Date.UTC(2025, 0, 1) / 1000 + 1800,
      jti: 'jti-1',
      typ: 'access',
      app: 'myapp',
      sid: grant.sid,
      ver: 3,
      app_ver: 1,
      baas_device_id: grant.deviceId,
      baas_domain_id: grant.domainId,
      user_data: { theme: 'dark' },
    });
    expect({ issuedAt, expiresAt }).toEqual({
      issuedAt: Date.UTC(2025, 0, 1),
      expiresAt: Date.UTC(2025, 0, 1) + 1_800_000,
    });
  });

  it('when a refresh token is issued, then it says so, and carries the session and the identity', async () => {
    const { issuer } = await issuing(algorithm);
    const { token } = await issuer.issueRefresh(grant);
    expect(decodeProtectedHeader(token).typ).toBe('rt+jwt');
    expect(decodeJwt(token)).toMatchObject({
      typ: 'refresh',
      exp: Date.UTC(2025, 0, 1) / 1000 + 3600,
      baas_id: grant.sid,
      baas_identity: {
        id: grant.identity.id,
        provider_type: 'local-userpass',
        provider_id: grant.identity.providerId,
      },
      baas_data: null,
      ver: 3,
      app_ver: 1,
    });
    expect(decodeJwt(token)).not.toHaveProperty('user_data');
  });

  it('when a token is verified, then what was granted comes out', async () => {
    const { keys, issuer } = await issuing(algorithm);
    const verifier = createTokenVerifier({
      keys,
      issuer: 'https://id.example',
      audience: 'myapp',
      skewMs: 0,
      now: () => time,
    });
    for (const use of ['access', 'refresh'] as const) {
      const { token, issuedAt, expiresAt } =
        use === 'access' ? await issuer.issueAccess(grant) : await issuer.issueRefresh(grant);
      expect(await verifier.verify(token, use)).toEqual({
        ok: true,
        token: {
          use,
          userId: grant.userId,
          app: 'myapp',
          version: 3,
          appVersion: 1,
          sid: grant.sid,
          issuedAt,
          expiresAt,
          claims: decodeJwt(token),
        },
      });
    }
  });
});

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';

/** An issuer of tokens of our own kind, whose keys are at a JWKS URL, and which signs whatever it is told to. */
export interface TestIssuer {
  readonly jwksUrl: string;
  readonly kid: string;
  /** The public key in PEM, for attempts to use it as a shared secret. */
  readonly publicPem: string;
  /** An access token that is good in every way, except for what is given; `undefined` leaves a claim out. */
  sign(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Makes the JWKS answer 500, or answer again. */
  setDown(down: boolean): void;
  close(): Promise<void>;
}

export async function startTestIssuer(names: {
  readonly issuer: string;
  readonly audience: string;
}): Promise<TestIssuer> {
  const kid = randomUUID();
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }] });
  let down = false;
  const server = createServer((_request, response) => {
    response.writeHead(down ? 500 : 200, { 'content-type': 'application/json' }).end(down ? '{}' : jwks);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    jwksUrl: `http://127.0.0.1:${port}/jwks.json`,
    kid,
    publicPem: await exportSPKI(publicKey),
    async sign(claims = {}, header = {}) {
      const second = Math.floor(Date.now() / 1000);
      const all: JWTPayload = {
        iss: names.issuer,
        aud: names.audience,
        sub: '65a1f0c2d3e4b5a697881122',
        client_id: 'main',
        app: 'main',
        sid: 's1',
        ver: 1,
        app_ver: 0,
        typ: 'access',
        iat: second,
        exp: second + 600,
        jti: randomUUID(),
        ...claims,
      };
      return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header }).sign(privateKey);
    },
    setDown(value) {
      down = value;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

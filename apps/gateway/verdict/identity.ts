import type { TokenVerifier, Verification, VerifiedToken } from '#libs/tokens';

/** Who a granted request comes from: names and values in turn, for the gateway that asked or for the upstream. */
export function identityHeaders(token: VerifiedToken): string[] {
  return [
    'x-portcullis-user',
    token.userId,
    'x-portcullis-app',
    token.app,
    'x-portcullis-session',
    token.sid,
    'x-portcullis-token-expires',
    String(token.expiresAt / 1000),
  ];
}

const printable = /^[\x21-\x7e]+$/;

/** Refuses a token whose ids could not be header values: a line break in one of them would forge a header. */
export function withPrintableIdentity(verifier: TokenVerifier): TokenVerifier {
  return {
    async verify(text, use): Promise<Verification> {
      const verification = await verifier.verify(text, use);
      if (!verification.ok) return verification;
      const { userId, app, sid } = verification.token;
      return [userId, app, sid].every((id) => printable.test(id)) ? verification : { ok: false, reason: 'malformed' };
    },
  };
}

import type { ReadinessCheck } from '#libs/platform';
import type { Revocations } from '#libs/revocations';
import type { KeySource } from '#libs/tokens';

/** An edge is ready when it can give a verdict: the set is whole, and the issuer's keys can be asked for. */
export function readinessChecks(parts: {
  readonly revocations: Pick<Revocations, 'status'>;
  readonly keys: Pick<KeySource, 'find'>;
}): ReadinessCheck[] {
  return [
    {
      name: 'revocation-set',
      async check() {
        const { generation } = await parts.revocations.status();
        if (generation === null) throw new Error('the set is not whole yet; it is being rebuilt from the log');
      },
    },
    {
      name: 'token-keys',
      async check() {
        // There is no such key; what counts is that the source can say so.
        await parts.keys.find('');
      },
    },
  ];
}

import { describe, expect, it } from '@jest/globals';
import { trustedPeers } from './trusted-peers.js';

describe('given setting TRUST_PROXY', () => {
  it.each([
    [[], '127.0.0.1', false],
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '::ffff:127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['10.0.0.0/8', '::1'], '10.9.8.7', true],
    [['10.0.0.0/8', '::1'], '::1', true],
    [['fd00::/8'], 'fd12::1', true],
    [['fd00::/8'], 'fe80::1', false],
    [['10.0.0.0/8'], undefined, false],
    [['10.0.0.0/8'], 'not an address', false],
  ])('when it is %j, then of the peer %s it is said: %s', (entries, address, trusted) => {
    expect(trustedPeers(entries)(address)).toBe(trusted);
  });
});

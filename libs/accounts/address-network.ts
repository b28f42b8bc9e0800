import { isIPv6 } from 'node:net';

/**
 * Whom an address stands for: an IPv4 address one subscriber, however it is written (RFC 4291, section 2.5.5.2); an IPv6
 * address its /64 network, all of which one subscriber has (RFC 6177). Anything else stands for itself.
 */
export function addressNetwork(address: string): string {
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return address;
  const groups = groupsOf(bare);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535';
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight numbers of an address. The URL parser knows every spelling, and leaves only the zeros to be put back. */
function groupsOf(address: string): number[] {
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const zeros = Array.from({ length: 8 - numbers(head).length - numbers(tail).length }, () => 0);
  return [...numbers(head), ...zeros, ...numbers(tail)];
}

import { BlockList, isIP } from 'node:net';
import { ConfigurationInvalid } from '#libs/platform';

/** Whether the `X-Forwarded-*` of a peer, by its address, is believed. */
export type IsTrusted = (address: string | undefined) => boolean;

/**
 * Reads setting TRUST_PROXY: addresses, or networks such as `10.0.0.0/8`.
 * @throws ConfigurationInvalid naming each entry that is neither.
 */
export function trustedPeers(entries: readonly string[]): IsTrusted {
  const list = new BlockList();
  const problems = entries.filter((entry) => !add(list, entry));
  if (problems.length > 0) {
    throw new ConfigurationInvalid(problems.map((entry) => `TRUST_PROXY: "${entry}" is not an address or a network`));
  }
  if (entries.length === 0) return () => false;
  return (address = '') => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

function add(list: BlockList, entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) {
    list.addAddress(address, type);
    return true;
  }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32)) return false;
  list.addSubnet(address, Number(bits), type);
  return true;
}

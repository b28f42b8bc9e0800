import { BlockList, isIP } from 'node:net';

/** Whether the `X-Forwarded-*` of a peer, by its address, is believed. */
export type IsTrusted = (address: string | undefined) => boolean;

/** Reads setting TRUST_PROXY: addresses, or networks such as `10.0.0.0/8`, which were checked with the configuration. */
export function trustedPeers(entries: readonly string[]): IsTrusted {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address = '') => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

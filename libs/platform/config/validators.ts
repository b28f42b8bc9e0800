import { isIP } from 'node:net';
import { makeValidator } from 'envalid';
import ms from 'ms';

/** A duration such as `30m` or `60d`, between two bounds; milliseconds. */
export function duration(least: ms.StringValue, most: ms.StringValue) {
  return makeValidator<number>((text) => {
    const value = /^\d+(ms|s|m|h|d)$/.test(text) ? ms(text as ms.StringValue) : undefined;
    if (value === undefined)
      throw new Error(`"${text}" is not a duration; write a number and a unit, such as 30m or 60d`);
    if (value < ms(least) || value > ms(most)) throw new Error(`"${text}" is not between ${least} and ${most}`);
    return value;
  });
}

/** A whole number between two bounds. */
export function whole(least: number, most: number) {
  return makeValidator<number>((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new Error(`"${text}" is not a whole number between ${least} and ${most}`);
    }
    return value;
  });
}

/** An absolute URL of one of the schemes, without a trailing slash; empty when the variable is. */
export function urlOf(...schemes: readonly string[]) {
  return makeValidator<string>((text) => {
    if (text === '') return '';
    if (!URL.canParse(text)) throw new Error('this is not a URL');
    const { protocol } = new URL(text);
    if (!schemes.includes(protocol.slice(0, -1)))
      throw new Error(`the URL must begin with ${schemes.join(':// or ')}://`);
    return text.replace(/\/+$/, '');
  });
}

/**
 * A URI of one of the schemes, which is for a driver to read: MongoDB's may name several hosts, and is then no URL. Empty
 * when the variable is. The value is never repeated in an error.
 */
export function uriOf(...schemes: readonly string[]) {
  return makeValidator<string>((text) => {
    const right = schemes.some((scheme) => text.startsWith(`${scheme}://`) && text.length > scheme.length + 3);
    if (text !== '' && (!right || /\s/.test(text))) throw new Error(`this is not a URI of ${schemes.join(' or ')}`);
    return text;
  });
}

/** An address of a service, such as an upstream: an absolute http or https URL, with a path if need be and no more. */
export const serviceUrl = makeValidator<string>((text) => {
  if (text === '') return '';
  if (!URL.canParse(text)) throw new Error('this is not a URL');
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error('the URL must begin with http:// or https://');
  if (username || password) throw new Error('the URL must not hold a user or a password');
  if (search || hash) throw new Error('the URL must not hold a query or a fragment');
  return text.replace(/\/+$/, '');
});

/** Text that matches a pattern; `what` says in words what is allowed. */
export function textLike(pattern: RegExp, what: string) {
  return makeValidator<string>((text) => {
    if (!pattern.test(text)) throw new Error(`this is not ${what}`);
    return text;
  });
}

/** A key that can be sent in a header, of at least `least` characters, or none. The value is never repeated in an error. */
export function secret(least: number) {
  return makeValidator<string>((text) => {
    if (text === '') return '';
    if (text.length < least) throw new Error(`this is too short: at least ${least} characters`);
    if (!/^[\x21-\x7e]{1,1024}$/.test(text)) throw new Error('this must be at most 1024 visible ASCII characters');
    return text;
  });
}

/** A comma-separated list; empty gives an empty list. */
export const list = makeValidator<readonly string[]>(itemsOf);

/** A comma-separated list of addresses, or networks such as `10.0.0.0/8`. */
export const networks = makeValidator<readonly string[]>((text) => {
  const items = itemsOf(text);
  for (const item of items) if (!isNetwork(item)) throw new Error(`"${item}" is not an address or a network`);
  return items;
});

function itemsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isNetwork(item: string): boolean {
  const [address = '', bits = '1', ...rest] = item.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32);
}

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

/** Text that matches a pattern; `what` says in words what is allowed. */
export function textLike(pattern: RegExp, what: string) {
  return makeValidator<string>((text) => {
    if (!pattern.test(text)) throw new Error(`this is not ${what}`);
    return text;
  });
}

/** Text of at least `least` characters, or none. The value is never repeated in an error. */
export function secret(least: number) {
  return makeValidator<string>((text) => {
    if (text === '') return '';
    if (text.length < least) throw new Error(`this is too short: at least ${least} characters`);
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
  const [address = '', bits = '0', ...rest] = item.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32);
}

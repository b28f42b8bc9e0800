/** A server answers, but is set up so that Portcullis would not keep its promises on it. Says what is wrong with it. */
export class ServerUnfit extends Error {
  readonly code = 'server-unfit';
}

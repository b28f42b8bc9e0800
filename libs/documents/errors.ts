/** A key that must be unique is taken. Which one, the caller knows from what it wrote: servers do not agree on telling. */
export class DuplicateKey extends Error {
  readonly code = 'duplicate-key';
  constructor(
    readonly collection: string,
    options?: ErrorOptions,
  ) {
    super(`a document with this key is already in ${collection}`, options);
  }
}

/** The store cannot be asked, or cannot take a write (unreachable, full, read-only, damaged). */
export class StoreUnavailable extends Error {
  readonly code = 'store-unavailable';
}

/** The data cannot be opened, and no retry will help. The message names the file and says what to do. */
export class StoreUnusable extends Error {
  readonly code: 'locked' | 'unwritable' | 'damaged' | 'full' | 'newer';
  constructor(code: StoreUnusable['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

import { Pool } from 'undici';

export interface Ask {
  /** An admin key or a token, sent as `Authorization: Bearer`. */
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with the content type among `headers`. */
  readonly body?: string;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The JSON of the body; null when it is empty or no JSON. */
  readonly body: T;
}

/** Sends requests exactly as they are written: paths are not tidied up on the way. */
export class HttpCaller {
  readonly #pool: Pool;

  constructor(readonly url: string) {
    this.#pool = new Pool(url, { connections: 64 });
  }

  async ask<T = unknown>(method: string, path: string, { bearer, headers, json, body }: Ask = {}): Promise<Answer<T>> {
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await this.#pool.request({
      method,
      path,
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, body: parsed<T>(text) };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** The caller says what it expects; tests then look at what came. */
function parsed<T>(text: string): T {
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON, which the caller sees by the null.
  }
  return value;
}

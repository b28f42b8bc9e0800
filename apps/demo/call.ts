import type { Dispatcher } from 'undici';

/** What a server answered: the status and the body, read as JSON (null when it is empty). */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly bearer?: string;
  readonly body?: object;
}

/** Sends one request and reads its whole answer. Rejects when the server cannot be reached. */
export async function call<T>(server: Dispatcher, { method, path, bearer, body }: Call): Promise<Answer<T>> {
  const answer = await server.request({
    method,
    path,
    headers: {
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : null,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? null : JSON.parse(text) };
}

import type { ServerResponse } from 'node:http';

/** An answer that is the same each time: made once, sent often. */
export interface Answer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** A problem document (RFC 9457). `extra` are further members of it, `headers` further headers. */
export function problemAnswer(
  problem: { readonly status: number; readonly code: string; readonly detail: string; readonly reason?: string },
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { status, code } = problem;
  const body = Buffer.from(
    JSON.stringify({ type: `urn:portcullis:problem:${code}`, title: titles[status] ?? 'Error', ...problem }),
  );
  const all = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'content-length': String(body.length),
    ...headers,
  };
  return { status, headers: Object.entries(all).flat(), body };
}

/** Sends an answer, unless one has begun. Node leaves the body out where the method wants none. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, [...answer.headers]).end(answer.body);
}

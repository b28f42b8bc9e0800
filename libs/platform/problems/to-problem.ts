import { HttpException } from '@nestjs/common';
import { codeOf } from '../code-of.js';
import { Problem, type ProblemBody } from './problem.js';

/** An error answer, ready to send. `unexpected` is true where the error is ours: it is logged whole and masked. */
export interface ProblemAnswer {
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;
  readonly unexpected: boolean;
}

interface Mapped {
  readonly status: number;
  readonly code: string;
  /** Replaces the error's own message; absent where that may be shown. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

/** Errors of the libraries by their `code`. They know nothing of HTTP; this is the one place that does. */
const byCode: Readonly<Record<string, Mapped>> = {
  UserNotFound: { status: 404, code: 'UserNotFound' },
  UserAlreadyRegistered: { status: 409, code: 'UserAlreadyRegistered' },
  UserAlreadyConfirmed: { status: 409, code: 'UserAlreadyConfirmed' },
  UserNotConfirmed: { status: 409, code: 'UserNotConfirmed' },
  'email-taken': { status: 409, code: 'AccountNameInUse', detail: 'name already in use' },
  'email-contended': { status: 409, code: 'AccountNameContended', retryAfterSeconds: 1 },
  'attempt-reused': { status: 422, code: 'IdempotencyKeyReused' },
  'hasher-busy': { status: 503, code: 'TooBusy', retryAfterSeconds: 2 },
  'last-admin-key': { status: 409, code: 'LastAdminKey' },
  'environment-key': { status: 409, code: 'EnvironmentKey' },
  SessionNotFound: { status: 404, code: 'SessionNotFound' },
  'keys-unavailable': { status: 503, code: 'KeysUnavailable', retryAfterSeconds: 1 },
  'version-conflict': { status: 409, code: 'VersionConflict', retryAfterSeconds: 1 },
  'store-unavailable': {
    status: 503,
    code: 'StoreUnavailable',
    detail:
      'the store cannot be asked just now; whether a command was carried out is not known: send it again, ' +
      'with the same Idempotency-Key if it had one',
    retryAfterSeconds: 1,
  },
  'revocations-unavailable': {
    status: 503,
    code: 'RevocationsUnavailable',
    detail: 'the revocation set cannot be asked just now',
    retryAfterSeconds: 1,
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    code: 'BodyTooLarge',
    detail: 'the body is larger than this server reads',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'UnsupportedMediaType',
    detail: 'send the body as application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    code: 'InvalidRequest',
    detail: 'the body is not as long as it says',
  },
  FST_ERR_BAD_URL: { status: 400, code: 'InvalidRequest', detail: 'the path holds a wrong escape' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, code: 'UriTooLong', detail: 'a part of the path is longer than any id' },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, code: 'MalformedJson', detail: 'the body is not valid JSON' },
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const codesOfStatus: Readonly<Record<number, string>> = {
  400: 'InvalidRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  413: 'BodyTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  503: 'Unavailable',
};

/** Turns whatever was thrown into an answer. What is not known is a 500 that says nothing of the inside. */
export function toProblem(error: unknown): ProblemAnswer {
  if (error instanceof Problem) {
    return answer(error.status, error.code, error.message, error.extra.headers, error.extra.errors);
  }
  const mapped = mappedByCode(error);
  if (mapped) {
    const headers = mapped.retryAfterSeconds ? { 'retry-after': String(mapped.retryAfterSeconds) } : {};
    return answer(mapped.status, mapped.code, mapped.detail ?? messageOf(error), headers);
  }
  const status = statusOf(error);
  if (status !== null && status < 500) {
    return answer(status, codesOfStatus[status] ?? 'InvalidRequest', messageOf(error));
  }
  return {
    ...answer(500, 'InternalError', 'something went wrong here; the log has the details under this correlation id'),
    unexpected: true,
  };
}

function answer(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  errors?: ProblemBody['errors'],
): ProblemAnswer {
  const title = titles[status] ?? 'Error';
  const body = { type: `urn:portcullis:problem:${code}`, title, status, code, detail, ...(errors ? { errors } : {}) };
  return {
    body,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    unexpected: false,
  };
}

/** Nest wraps the errors of its server, whose code is then that of the cause. */
function mappedByCode(thrown: unknown): Mapped | undefined {
  const error = thrown instanceof HttpException ? thrown.cause : thrown;
  const code = codeOf(error);
  return code !== null && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
}

function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

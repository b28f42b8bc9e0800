import { expect } from '@jest/globals';
import type { Answer } from './program-http.js';

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** The answer is a whole problem document (RFC 9457) with this status and code, and says nothing of the inside. */
export function expectProblem(answer: Answer<unknown>, status: number, code: string): ProblemDocument {
  expect({ status: answer.status, type: answer.headers['content-type'], body: answer.body }).toEqual({
    status,
    type: expect.stringMatching(/^application\/problem\+json/),
    body: expect.objectContaining({
      type: `urn:portcullis:problem:${code}`,
      title: expect.stringMatching(/^[A-Z]/),
      status,
      code,
      detail: expect.stringMatching(/./),
    }),
  });
  expect(answer.text).not.toMatch(/\bat .*\.[jt]s|node_modules|sqlite|SELECT|INSERT/i);
  const problem: ProblemDocument = JSON.parse(answer.text);
  return problem;
}

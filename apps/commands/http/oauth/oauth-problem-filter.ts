import { Catch } from '@nestjs/common';
import { type ProblemBody, ProblemFilter } from '#libs/platform';

/** Problem documents that also hold the `error` which OAuth's clients look for (RFC 7009, section 2.2.1; RFC 6749, section 5.2). */
@Catch()
export class OAuthProblemFilter extends ProblemFilter {
  protected override bodyOf(body: ProblemBody): object {
    return body.status === 400 ? { ...body, error: 'invalid_request' } : body;
  }
}

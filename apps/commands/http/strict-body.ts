import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, Problem } from '#libs/platform';

/** Validates bodies and queries by their class; an unknown field is refused, and every wrong field is named. */
export const strictBody = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => {
    const fields = errors.flatMap((error) => fieldErrors(error, ''));
    const detail = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return new Problem(400, 'InvalidRequest', detail || 'the body must be a JSON object', { errors: fields });
  },
});

function fieldErrors(error: ValidationError, path: string): FieldError[] {
  const field = `${path}${error.property ?? ''}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${field}.`))];
}

import { type ArgumentMetadata, ValidationPipe, type ValidationPipeOptions } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, Problem } from '#libs/platform';

/** Nest's pipe takes `null` for an empty body, and a list for an object. */
class ObjectsOnly extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (metadata.type === 'body' && value !== undefined && !isObject) throw notAnObject();
    return await super.transform(value, metadata);
  }
}

const validation: ValidationPipeOptions = {
  transform: true,
  whitelist: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => {
    const fields = errors.flatMap((error) => fieldErrors(error, ''));
    const detail = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return fields.length === 0 ? notAnObject() : new Problem(400, 'InvalidRequest', detail, { errors: fields });
  },
};

/** Validates bodies and queries by their class; an unknown field is refused, and every wrong field is named. */
export const strictBody = new ObjectsOnly({ ...validation, forbidNonWhitelisted: true });

/** The same, but leaves unknown fields out: OAuth requires that (RFC 6749, section 3.2). */
export const tolerantBody = new ObjectsOnly(validation);

function notAnObject(): Problem {
  return new Problem(400, 'InvalidRequest', 'the body must be a JSON object');
}

function fieldErrors(error: ValidationError, path: string): FieldError[] {
  const field = `${path}${error.property ?? ''}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${field}.`))];
}

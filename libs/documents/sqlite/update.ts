/** A document as plain fields, while it is being changed. */
export type Fields = Record<string, unknown>;

/**
 * What a document is after an update. `inserting` also applies `$setOnInsert`.
 *
 * @throws {TypeError} for what MongoDB refuses too: no operator, an unknown one, two for one field, a change of `_id`,
 * or `$inc` of what is not a number.
 */
export function updated(document: Fields, update: object, inserting: boolean): Fields {
  refuseConflicts(update);
  const result = { ...document };
  for (const [operator, changes] of Object.entries(update)) {
    for (const [field, operand] of Object.entries<unknown>(changes)) {
      // As the driver does with `ignoreUndefined`.
      if (operand !== undefined) apply(result, operator, field, operand, inserting);
    }
  }
  return result;
}

function apply(result: Fields, operator: string, field: string, operand: unknown, inserting: boolean): void {
  switch (operator) {
    case '$set':
      result[field] = operand;
      return;
    case '$unset':
      delete result[field];
      return;
    case '$setOnInsert':
      if (inserting) result[field] = operand;
      return;
    case '$max':
      result[field] = greater(result[field], numeric(field, operand));
      return;
    case '$inc':
      result[field] = numeric(field, result[field] ?? 0) + numeric(field, operand);
      return;
    default:
      throw new TypeError(`"${operator}" is not an operator of an update`);
  }
}

/** As MongoDB orders types: a missing field and null come before every number, all else after. */
function greater(current: unknown, operand: number): unknown {
  if (current === undefined || current === null) return operand;
  if (typeof current === 'number') return Math.max(current, operand);
  return current;
}

function numeric(field: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`"${field}" is not a number`);
  return value;
}

function refuseConflicts(update: object): void {
  if (Object.keys(update).length === 0) throw new TypeError('an update needs an operator');
  const fields = Object.values(update).flatMap((changes) => Object.keys(changes));
  if (fields.includes('_id')) throw new TypeError('an update cannot change "_id"');
  if (new Set(fields).size < fields.length) throw new TypeError('an update names a field twice');
}

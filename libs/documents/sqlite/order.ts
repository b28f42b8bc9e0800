import { fieldValue } from './fields.js';

/** A sort, or the keys of an index, as SQL: to be put after `ORDER BY`. */
export function orderBy(sort: object): string {
  return Object.keys(sort)
    .map((field) => `${fieldValue(field)} ${directionOf(sort, field) === 1 ? 'ASC' : 'DESC'}`)
    .join(', ');
}

export function directionOf(sort: object, field: string): 1 | -1 {
  const direction = Object.entries(sort).find(([name]) => name === field)?.[1];
  if (direction !== 1 && direction !== -1) throw new TypeError(`the order of "${field}" is 1 or -1`);
  return direction;
}

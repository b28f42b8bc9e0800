/** The value of a top-level field as SQL. Queries and indexes must say it in the same words for SQLite to match them. */
export function fieldValue(field: string): string {
  return field === '_id' ? '_id' : `doc ->> ${path(field)}`;
}

/**
 * The JSON text of a top-level field as SQL; NULL when it is missing. Unlike the value it tells `1` from `true` and
 * `"{}"` from `{}`. Documents are written by `JSON.stringify` alone, so equal values have equal texts.
 */
export function fieldText(field: string): string {
  return `doc -> ${path(field)}`;
}

/** The name of a top-level field's JSON type as SQL; NULL when it is missing. Not for `_id`. */
export function fieldType(field: string): string {
  return `json_type(doc, ${path(field)})`;
}

export function quoted(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_.:+-]*$/.test(name)) throw new TypeError(`"${name}" cannot be a name here`);
  return `"${name}"`;
}

function path(field: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(field)) throw new TypeError(`"${field}" cannot be a field here`);
  return `'$."${field}"'`;
}

/** The `code` of an error, by which errors are told apart; null when it has none. Asks no class: a realm may have its own. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

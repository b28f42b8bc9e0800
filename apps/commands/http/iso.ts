/** A time (ms) as answers tell it: ISO 8601. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

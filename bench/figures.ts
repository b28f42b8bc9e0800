import { cpus } from 'node:os';

export const say = (text: string) => process.stdout.write(`${text}\n`);

/** What every bench says first of the machine that it ran on. */
export function machine(): string {
  return `${cpus().length} cores, node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

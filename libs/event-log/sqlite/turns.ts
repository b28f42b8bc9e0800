/** Who of each group has the partition: the one that asked first, then the next when it lets go. */
export class Turns {
  readonly #lines = new Map<string, (() => void)[]>();

  /** Calls `mine` when it is the caller's turn, at once if nobody is before it. Returns a function that leaves the line. */
  take(group: string, mine: () => void): () => void {
    const line = this.#lines.get(group) ?? [];
    this.#lines.set(group, line);
    line.push(mine);
    if (line.length === 1) mine();
    return () => {
      const place = line.indexOf(mine);
      if (place === -1) return;
      line.splice(place, 1);
      if (place === 0) line[0]?.();
    };
  }
}

/** Remembers the last `limit` ids that were shown to it. */
export class Recent {
  readonly #ids = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Was `id` seen before? It is from now on, and counts as the latest. */
  seen(id: string): boolean {
    const known = this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size > this.#limit) {
      // A set iterates in the order of insertion: the first is the one not seen for longest.
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return known;
  }
}

// The orders that the page knows: the latest 200, newest first.

export const kept = 200;

export class Orders {
  #byId = new Map();

  /** Replace everything by what the server has just said. */
  load(list) {
    this.#byId = new Map(list.map((order) => [order.id, order]));
  }

  /** Take one event. True if the page has to show something else now. */
  take(event) {
    const { id } = event.data;
    if (event.op === 'remove') return this.#byId.delete(id);
    if (event.op === 'change' && !this.#byId.has(id)) return false;
    this.#byId.set(id, { ...this.#byId.get(id), ...event.data });
    if (this.#byId.size > kept) this.#byId.delete(this.latest().at(-1).id);
    return true;
  }

  latest(count = Infinity) {
    return [...this.#byId.values()].sort((a, b) => b.id - a.id).slice(0, count);
  }

  /** Revenue by status, in cents: sums of decimal strings stay exact. */
  revenue() {
    const sums = new Map();
    for (const { status, total } of this.#byId.values()) {
      sums.set(status, (sums.get(status) ?? 0) + Math.round(Number(total) * 100));
    }
    return sums;
  }

  has(id) {
    return this.#byId.has(id);
  }

  get size() {
    return this.#byId.size;
  }
}

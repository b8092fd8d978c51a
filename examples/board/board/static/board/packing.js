// The list of what has to be packed: the orders that fulfil the query which the view hands over.

const shownMax = 5;

export class Packing {
  #list;
  #more;
  #byId = new Map();
  #state;

  constructor(list, more) {
    this.#list = list;
    this.#more = more;
  }

  /** Replace everything by what the server has just said. */
  load(orders) {
    this.#byId = new Map(orders.map((order) => [order.id, order]));
  }

  /** Take one event of the subscription. */
  take({ op, data }) {
    if (op === 'remove') this.#byId.delete(data.id);
    else this.#byId.set(data.id, data);
  }

  draw() {
    const orders = [...this.#byId.values()].sort((a, b) => b.id - a.id);
    const state = JSON.stringify(orders);
    if (state === this.#state) return;
    this.#state = state;
    const before = new Set([...this.#list.children].map((item) => Number(item.dataset.id)));
    const items = orders.slice(0, shownMax).map((order) => {
      const item = makeItem(order);
      if (!before.has(order.id)) item.className = 'added';
      return item;
    });
    this.#list.replaceChildren(...items);
    const more = orders.length - shownMax;
    this.#more.textContent = more > 0 ? `and ${more} more` : orders.length ? '' : 'nothing';
  }
}

function makeItem({ id, number, total }) {
  const item = document.createElement('li');
  item.dataset.id = id;
  const name = document.createElement('b');
  name.textContent = number;
  const price = document.createElement('span');
  price.textContent = `€${total}`;
  item.append(name, price);
  return item;
}

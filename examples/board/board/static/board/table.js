// The table of the latest orders. It is drawn once a frame at most, however many events came.

const rowsShown = 25;
const nextStep = { new: 'Mark paid', paid: 'Mark sent' };

export class Table {
  #body;
  #empty;
  #choices;
  #marks = new Map();

  constructor(body, empty, choices) {
    this.#body = body;
    this.#empty = empty;
    this.#choices = choices;
  }

  /** Remember what happened to a row, for when it is drawn: "added" or "changed". */
  mark(id, what) {
    if (this.#marks.get(id) !== 'added') this.#marks.set(id, what);
  }

  /** Make the rows those of `latest`. Rows that stay keep their place in the document. */
  draw(latest) {
    const shown = latest.slice(0, rowsShown);
    const rows = new Map();
    for (const row of this.#body.querySelectorAll('tr:not(.leaving)'))
      rows.set(row.dataset.id, row);
    let place = this.#body.firstElementChild;
    for (const order of shown) {
      const key = String(order.id);
      const row = rows.get(key) ?? this.#newRow(key);
      rows.delete(key);
      while (place?.classList.contains('leaving')) place = place.nextElementSibling;
      if (row === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row, place);
      this.#fill(row, order);
      this.#flash(row, this.#marks.get(order.id));
    }
    const oldest = shown.at(-1)?.id ?? 0;
    for (const row of rows.values()) {
      // Rows pushed out at the end just go; those removed from the middle are seen to go.
      if (Number(row.dataset.id) < oldest) row.remove();
      else this.#leave(row);
    }
    this.#marks.clear();
    this.#empty.hidden = shown.length > 0;
  }

  #newRow(key) {
    const row = document.createElement('tr');
    row.dataset.id = key;
    row.innerHTML =
      '<th scope="row"></th><td></td>' +
      '<td class="wide"><span class="times"></span> <span></span></td>' +
      '<td><span class="status"></span></td><td class="number"></td><td class="step"></td>';
    return row;
  }

  #fill(row, order) {
    const state = JSON.stringify(order);
    if (row.dataset.state === state) return;
    row.dataset.state = state;
    const [number, customer, product, status, total, step] = row.children;
    number.textContent = order.number;
    customer.textContent = order.customer;
    product.firstElementChild.textContent = `${order.quantity}\u2009×`;
    product.lastChild.textContent = ` ${this.#choices.products[order.product] ?? order.product}`;
    status.firstElementChild.dataset.status = order.status;
    status.firstElementChild.textContent = this.#choices.statuses[order.status] ?? order.status;
    total.textContent = `€${order.total}`;
    this.#offerStep(step, order);
  }

  #offerStep(cell, order) {
    const label = nextStep[order.status];
    if (label === undefined) {
      cell.replaceChildren();
      return;
    }
    const button = cell.querySelector('button') ?? document.createElement('button');
    Object.assign(button, {
      className: 'small',
      name: 'order',
      value: order.id,
      disabled: false,
    });
    button.textContent = label;
    if (!button.isConnected) cell.append(button);
  }

  #flash(row, mark) {
    if (mark === undefined) return;
    row.classList.remove('added', 'changed');
    void row.offsetWidth; // Makes the browser begin the animation anew.
    row.classList.add(mark);
  }

  #leave(row) {
    row.classList.add('leaving');
    for (const button of row.querySelectorAll('button')) button.disabled = true;
    setTimeout(() => row.remove(), 350);
  }
}

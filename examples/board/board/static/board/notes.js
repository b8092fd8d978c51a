// Notes of the team: those that this client may have, newest first.

const kept = 20;

export class Notes {
  #list;
  #byId = new Map();
  #loads = 0;
  /** Ids of what came or went while a list was on its way: newer than that list. */
  #touched = new Set();

  constructor(list) {
    this.#list = list;
  }

  /** Ask the web application for all, when something may have been missed. */
  async load(url) {
    const mine = (this.#loads += 1);
    this.#touched.clear();
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (!response.ok || mine !== this.#loads) return;
    const { notes } = await response.json();
    if (mine !== this.#loads) return;
    const newer = [...this.#byId].filter(([id]) => this.#touched.has(id));
    const listed = notes.filter(({ id }) => !this.#touched.has(id));
    this.#byId = new Map([...listed.map((note) => [note.id, note]), ...newer]);
    this.#draw();
  }

  take({ op, data }) {
    this.#touched.add(data.id);
    if (op === 'remove') this.#byId.delete(data.id);
    else this.#byId.set(data.id, data);
    this.#draw(op === 'add' ? data.id : undefined);
  }

  #draw(added) {
    const notes = [...this.#byId.values()].sort((a, b) => b.id - a.id).slice(0, kept);
    this.#list.replaceChildren(...notes.map((note) => makeItem(note, note.id === added)));
  }
}

function makeItem({ id, writer, reader, text }, isNew) {
  const item = document.createElement('li');
  item.dataset.id = id;
  if (isNew) item.className = 'added';
  const parts = [['b', '', writer], reader && ['span', 'to', `to ${reader}`], ['span', '', text]];
  for (const [name, className, words] of parts.filter(Boolean)) {
    const part = document.createElement(name);
    part.className = className;
    part.textContent = words;
    item.append(part, ' ');
  }
  return item;
}

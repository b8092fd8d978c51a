// Two small charts without a library: bars over time in SVG, bars by status in HTML.

const svg = 'http://www.w3.org/2000/svg';
const bucketMs = 5000;
const buckets = 24;
const margin = { left: 28, top: 10, bottom: 26 };

function element(name, attributes, text) {
  const made = document.createElementNS(svg, name);
  set(made, attributes);
  if (text !== undefined) made.textContent = text;
  return made;
}

function set(place, attributes) {
  for (const [key, value] of Object.entries(attributes)) place.setAttribute(key, value);
}

/** How many orders came in each of the last 24 × 5 seconds. */
export class RateChart {
  #root;
  #now;
  #times = [];
  #bars = [];
  #lines = [];
  #from = element('text', {}, '2 minutes ago');
  #to = element('text', { 'text-anchor': 'end' }, 'now');
  #height = 0;

  constructor(root, now) {
    this.#root = root;
    this.#now = now;
    for (const share of [0, 0.5, 1]) {
      const line = {
        share,
        rule: element('line', { class: 'grid' }),
        label: element('text', { 'text-anchor': 'end' }),
      };
      this.#lines.push(line);
      root.append(line.rule, line.label);
    }
    for (let index = 0; index < buckets; index += 1) {
      this.#bars.push(element('rect', { class: 'bar', rx: 2, y: 0, height: 0 }));
    }
    this.#bars.at(-1).classList.add('current');
    root.append(...this.#bars, this.#from, this.#to);
    new ResizeObserver(() => this.#arrange()).observe(root);
    setInterval(() => this.draw(), 1000);
  }

  /** Put everything where the present size wants it: text keeps its size, bars do not. */
  #arrange() {
    const { clientWidth: width, clientHeight: full } = this.#root;
    this.#height = full - margin.top - margin.bottom;
    for (const { share, rule, label } of this.#lines) {
      const y = margin.top + this.#height * (1 - share);
      set(rule, { x1: margin.left, x2: width, y1: y, y2: y });
      set(label, { x: margin.left - 8, y: y + 4 });
    }
    const step = (width - margin.left) / buckets;
    const gap = Math.min(4, step / 4);
    this.#bars.forEach((bar, index) => {
      set(bar, { x: margin.left + index * step + gap / 2, width: Math.max(0, step - gap) });
    });
    set(this.#from, { x: margin.left, y: full - 6 });
    set(this.#to, { x: width, y: full - 6 });
    this.draw();
  }

  load(times) {
    this.#times = times;
    this.draw();
  }

  add(time) {
    this.#times.push(time);
  }

  draw() {
    const now = Date.now();
    this.#times = this.#times.filter((time) => time > now - buckets * bucketMs);
    // Buckets keep their edges, so that a bar does not change once its five seconds are over.
    const last = Math.floor(now / bucketMs);
    const counts = new Array(buckets).fill(0);
    for (const time of this.#times) {
      const index = buckets - 1 - (last - Math.floor(time / bucketMs));
      counts[Math.min(Math.max(index, 0), buckets - 1)] += 1;
    }
    const top = Math.max(4, Math.ceil(Math.max(...counts) / 4) * 4);
    for (const { share, label } of this.#lines) label.textContent = String(top * share);
    counts.forEach((count, index) => {
      const height = (this.#height * count) / top;
      set(this.#bars[index], { height, y: margin.top + this.#height - height });
    });
    const minute = this.#times.filter((time) => time > now - 60_000).length;
    const words = `${minute} ${minute === 1 ? 'order' : 'orders'}`;
    if (this.#now.textContent !== words) this.#now.textContent = words;
    this.#root.setAttribute(
      'aria-label',
      `Orders in the last two minutes, by 5 seconds: ${counts.join(', ')}`,
    );
  }
}

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

/** One bar for each status. */
export class RevenueChart {
  #rows = new Map();

  constructor(root, statuses) {
    for (const [status, label] of Object.entries(statuses)) {
      const row = document.createElement('li');
      row.innerHTML =
        '<span class="name"></span><span class="track"><span class="fill"></span></span>' +
        '<span class="amount"></span>';
      row.querySelector('.name').textContent = label;
      const fill = row.querySelector('.fill');
      fill.dataset.status = status;
      this.#rows.set(status, { fill, amount: row.querySelector('.amount') });
      root.append(row);
    }
  }

  draw(sums) {
    const most = Math.max(1, ...sums.values());
    for (const [status, { fill, amount }] of this.#rows) {
      const cents = sums.get(status) ?? 0;
      fill.style.width = `${(100 * cents) / most}%`;
      const words = money.format(cents / 100);
      if (amount.textContent !== words) amount.textContent = words;
    }
  }
}

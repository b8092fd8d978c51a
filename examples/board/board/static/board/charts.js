// Two small charts without a library: bars over time in SVG, bars by status in HTML.

const svg = 'http://www.w3.org/2000/svg';
const bucketMs = 5000;
const buckets = 24;
const area = { left: 26, top: 8, width: 454, height: 100 };

function element(name, attributes, text) {
  const made = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** How many orders came in each of the last 24 × 5 seconds. */
export class RateChart {
  #root;
  #now;
  #times = [];
  #bars = [];
  #lines = [];

  constructor(root, now) {
    this.#root = root;
    this.#now = now;
    const step = area.width / buckets;
    for (const share of [0, 0.5, 1]) {
      const y = area.top + area.height * (1 - share);
      const label = element('text', { x: area.left - 6, y: y + 4, 'text-anchor': 'end' });
      this.#lines.push({ share, label });
      const ends = { x1: area.left, x2: area.left + area.width, y1: y, y2: y };
      root.append(element('line', { class: 'grid', ...ends }), label);
    }
    for (let index = 0; index < buckets; index += 1) {
      const x = area.left + index * step + 2;
      const bar = element('rect', { class: 'bar', x, width: step - 4, rx: 2, y: 0, height: 0 });
      if (index === buckets - 1) bar.classList.add('current');
      this.#bars.push(bar);
    }
    const y = area.top + area.height + 17;
    root.append(
      ...this.#bars,
      element('text', { x: area.left, y }, '2 minutes ago'),
      element('text', { x: area.left + area.width, y, 'text-anchor': 'end' }, 'now'),
    );
    setInterval(() => this.draw(), 1000);
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
      const height = (area.height * count) / top;
      this.#bars[index].setAttribute('height', height);
      this.#bars[index].setAttribute('y', area.top + area.height - height);
    });
    const minute = this.#times.filter((time) => time > now - 60_000).length;
    const words = `${minute} ${minute === 1 ? 'order' : 'orders'}`;
    if (this.#now.textContent !== words) this.#now.textContent = words;
    this.#root.setAttribute('aria-label', `Orders in the last two minutes, by 5 seconds: ${counts.join(', ')}`);
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
        '<span class="name"></span><span class="track"><span class="fill"></span></span><span class="amount"></span>';
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

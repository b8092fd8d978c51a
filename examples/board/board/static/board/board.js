// The live page. `telegraphy` comes from the template tag; everything else is ours.

import { RateChart, RevenueChart } from './charts.js';
import { Notes } from './notes.js';
import { Orders } from './orders.js';
import { Packing } from './packing.js';
import { Table } from './table.js';
import { showClient, showConnection, submitInPlace, toast } from './page.js';

const { telegraphy } = window;
const find = (id) => document.getElementById(id);
const choices = JSON.parse(find('choices').textContent);

const orders = new Orders();
const table = new Table(find('orders'), find('empty'), choices);
const packing = new Packing(find('to-pack'), find('more-to-pack'));
const rate = new RateChart(find('rate'), find('rate-now'));
const revenue = new RevenueChart(find('revenue'), choices.statuses);

// Drawing: once a frame, and not at all while nothing changes.

let drawing = false;
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    table.draw(orders.latest());
    revenue.draw(orders.revenue());
    packing.draw();
    rate.draw();
    find('kept').textContent = orders.size;
  });
}

// What is read aloud: a summary now and then, never a word per row.

const news = { add: 0, change: 0, remove: 0 };
let announcing;
function announceSoon(op) {
  news[op] += 1;
  announcing ??= setTimeout(() => {
    announcing = undefined;
    const { add, change, remove } = news;
    const words = [
      add && `${add} new`,
      change && `${change} changed`,
      remove && `${remove} removed`,
    ];
    find('announce').textContent = `${words.filter(Boolean).join(', ')} in the last second`;
    Object.assign(news, { add: 0, change: 0, remove: 0 });
  }, 1000);
}

// Data: loaded at once, when the subscription begins, and whenever something may have been missed.
// Events that come while it loads wait, and are taken after it.

let waiting = null;
let loads = 0;

function take(event) {
  if (waiting !== null) {
    waiting.push([take, event]);
    return;
  }
  if (event.op === 'add') rate.add(Date.parse(event.data.created_at));
  if (!orders.take(event)) return;
  if (event.op !== 'remove')
    table.mark(event.data.id, event.op === 'add' ? 'added' : 'changed');
  announceSoon(event.op);
  drawSoon();
}

function pack(event) {
  if (waiting !== null) {
    waiting.push([pack, event]);
    return;
  }
  packing.take(event);
  drawSoon();
}

async function load() {
  waiting ??= [];
  const mine = (loads += 1);
  try {
    const response = await fetch('/orders.json', { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`/orders.json answered ${response.status}`);
    const { orders: list, to_pack: listToPack } = await response.json();
    if (mine !== loads) return; // A later load is on its way and knows more.
    orders.load(list);
    packing.load(listToPack);
    rate.load(list.map((order) => Date.parse(order.created_at)));
  } catch (error) {
    if (mine === loads) setTimeout(load, 1000);
    console.warn('board: could not load the orders; trying again', error);
    return;
  }
  const late = waiting;
  waiting = null;
  for (const [taker, event] of late) {
    // The answer may hold what the event says: an order is not to be counted twice.
    if (taker === take && event.op === 'add' && orders.has(event.data.id)) orders.take(event);
    else taker(event);
  }
  drawSoon();
}

const reload = { onSubscribed: load, onReset: load, onGap: load };
telegraphy.subscribe('board.Order', reload, take);
load();

// Of the same events only those that concern this list: an order comes when it is paid, and goes
// when it is sent. The gateway looks; the page need not know what is asked for.
const packingOptions = {
  where: choices.to_pack,
  ...reload,
  onSubscribed: () => {
    find('packing').hidden = false;
    load();
  },
  onError: () => {
    find('packing').hidden = true; // A list that does not move would say what is not so.
  },
};
telegraphy.subscribe('board.Order', packingOptions, pack);

// Only for who is logged in. Whose notes come is the gateway's affair: it knows who this is by the
// ticket that the page holds, and the rule of the type says the rest.

if (choices.user) {
  const notes = new Notes(find('note-list'));
  const loadNotes = () => notes.load('/notes.json');
  const always = { onSubscribed: loadNotes, onReset: loadNotes, onGap: loadNotes };
  telegraphy.subscribe('board.Note', always, (event) => notes.take(event));
  submitInPlace(find('new-note'), {
    done: (form) => {
      form.elements.text.value = '';
      form.elements.text.focus();
    },
  });
}

telegraphy.subscribe('board.BurstStarted', ({ data }) => {
  toast(`A burst of ${data.orders} orders is on its way.`);
});
function follow(state) {
  showConnection(find('connection'), state);
  if (state.name === 'connected' && choices.user) showClient(find('client'), state.client);
  // Logged out in another tab, or no longer with us: this page is somebody else's now.
  if (state.name === 'closed' && state.reason === 'unauthenticated') location.reload();
}
telegraphy.on('state', follow);
follow(telegraphy.gateway.state);

// Forms: posted in place, so that the page stays. Without this script they work as forms do.

submitInPlace(find('new-order'), {
  done: (form) => {
    form.reset();
    form.elements.customer.focus();
  },
});
submitInPlace(find('advance'), {});
submitInPlace(find('burst'), {
  done: (form, answer) => {
    if (!answer.started) toast('A burst is on its way already.');
  },
});

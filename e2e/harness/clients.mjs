// Telegraphy's own client in Node, as many as a test wants. This program plays their web
// application, too: it asks the gateway for their tickets.

import WebSocket from 'ws';
import { Gateway } from '../../js/dist/index.js';
import { answerAll } from './answering.mjs';

/** What clients keep under a name, as the tabs of one browser do in a cookie. */
const stores = new Map();

class Store {
  token = null;
  read = () => this.token;
  write = (token) => (this.token = token);
  forget = () => (this.token = null);
}

class Entry {
  states = [];
  errors = [];
  subscriptions = [];
  ticketsAsked = 0;
  ticketsStopped = false;
  /** Is the answer to the next `connect` to be lost, with the line? */
  losing = false;
  /** Does every new line lead nowhere, and do so after the next lost answer? */
  held = false;
  holding = false;
  lines = [];

  constructor({ url, tickets, store }) {
    this.tickets = tickets;
    if (!stores.has(store)) stores.set(store, new Store());
    this.store = stores.get(store);
    const entry = this;
    class Line extends WebSocket {
      constructor(url, protocol) {
        super(entry.held ? 'ws://127.0.0.1:9/' : url, protocol);
        entry.lines.push(this);
      }
      set onmessage(listener) {
        super.onmessage = listener && ((event) => entry.passed(this, event) && listener(event));
      }
      get onmessage() {
        return super.onmessage;
      }
    }
    this.gateway = new Gateway({
      url,
      WebSocket: Line,
      backoff: { capMs: 1_000 },
      ...(store && { session: this.store }),
      ...(tickets && { ticket: () => this.ticket() }),
    });
    this.gateway.on('state', (state) => this.states.push(state));
    this.gateway.on('error', (error) => this.errors.push(`${error.name}: ${error.message}`));
  }

  passed(line, { data }) {
    if (!this.losing || !data.includes('"connected"')) return true;
    this.losing = false;
    this.held = this.holding;
    line.terminate();
    return false;
  }

  async ticket() {
    if (this.ticketsStopped) throw new Error('no tickets now');
    this.ticketsAsked += 1;
    const { url, key, request } = this.tickets;
    if (request === null) return null;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (!answer.ok) throw new Error(`the gateway gave no ticket: ${await answer.text()}`);
    return (await answer.json()).ticket;
  }

  subscribe(type, options) {
    const events = [];
    const calls = [];
    const subscription = this.gateway.subscribe(
      type,
      {
        ...options,
        onSubscribed: () => calls.push('subscribed'),
        onGap: () => calls.push('gap'),
        onReset: (reason) => calls.push(`reset ${reason}`),
        onError: (error) => calls.push(`error ${error.code}`),
      },
      ({ data }) => events.push(data),
    );
    return this.subscriptions.push({ subscription, events, calls }) - 1;
  }
}

const entries = [];

const actions = {
  open: (_entry, options) => entries.push(new Entry(options)) - 1,
  connect: ({ gateway }) => gateway.connect().then(() => gateway.state),
  begin({ gateway }) {
    gateway.connect().catch(() => undefined);
  },
  state: ({ gateway }) => gateway.state,
  states: ({ states }) => states,
  errors: ({ errors }) => errors,
  subscribe: (entry, type, options) => entry.subscribe(type, options),
  heard({ subscriptions }, index) {
    const { subscription, events, calls } = subscriptions[index];
    return { state: subscription.state.name, events, calls };
  },
  close: ({ gateway }) => gateway.close(),
  /** As a network that is gone: without a word. */
  cut: ({ lines }) => lines.at(-1).terminate(),
  lose(entry, holding = false) {
    Object.assign(entry, { losing: true, holding });
    entry.lines.at(-1).terminate();
  },
  release(entry) {
    entry.held = false;
  },
  held: (entry) => entry.held,
  token: ({ store }) => store.token,
  keep({ store }, token) {
    store.token = token;
  },
  ticketsAsked: (entry) => entry.ticketsAsked,
  stopTickets(entry, stopped) {
    entry.ticketsStopped = stopped;
  },
  askFor({ tickets }, request) {
    tickets.request = request;
  },
};

await answerAll('telegraphy', async (target, what, values) =>
  actions[what](entries[target], ...values),
);
for (const { gateway } of entries) gateway.close();

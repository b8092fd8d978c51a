// The WebSocket client `ws` for the Python tests.

import { WebSocket } from 'ws';
import { answerAll } from './answering.mjs';

const sockets = new Map();
let last = 0;

/** What came, in order: `next()` waits for the first that nobody has taken. */
class Inbox {
  #items = [];
  #waiting = [];
  put(item) {
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.#items.push(item);
  }
  next() {
    if (this.#items.length) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const actions = {
  open(_entry, url, protocols) {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
    const inbox = new Inbox();
    const pongs = new Inbox();
    socket.on('message', (data, binary) =>
      inbox.put(binary ? { binary: true } : { text: String(data) }),
    );
    socket.on('close', (code) => inbox.put({ close: code }));
    socket.on('pong', (data) => pongs.put(String(data)));
    last += 1;
    const number = last;
    sockets.set(number, { socket, inbox, pongs });
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve({ number, protocol: socket.protocol }));
      socket.on('error', reject);
    });
  },
  async send({ socket }, text) {
    socket.send(text);
  },
  async sendBinary({ socket }, text) {
    socket.send(Buffer.from(text));
  },
  async sendFragments({ socket }, parts, pingBetween) {
    parts.forEach((part, index) => {
      socket.send(part, { fin: index === parts.length - 1 });
      if (index === 0 && pingBetween) socket.ping(pingBetween);
    });
  },
  ping({ socket, pongs }, payload) {
    socket.ping(payload);
    return pongs.next();
  },
  pong: ({ pongs }) => pongs.next(),
  read: ({ inbox }) => inbox.next(),
  async close({ socket }, code) {
    socket.close(code);
  },
};

await answerAll('ws', async (target, what, values) =>
  actions[what](sockets.get(target), ...values),
);
for (const { socket } of sockets.values()) socket.terminate();

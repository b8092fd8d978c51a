// Chromium for the Python tests: one request a line on stdin, one answer a line on stdout.
//
//   {"id": 1, "page": 3, "do": "goto", "with": ["http://…"]}   →   {"id": 1, "value": …}
//                                                              or  {"id": 1, "error": "…"}
//
// `do` is a method of Playwright's Page, or one of the few below. Requests run side by side.

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const quiet = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: quiet,
});

const pages = new Map();
let lastPage = 0;

// A function that arrives as text becomes a function again; Playwright carries it to the page.
const compiled = (source) => (0, eval)(`(${source})`);

const special = {
  async open(_page, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const words = [];
    page.on('console', (message) => words.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => words.push(`pageerror: ${error.message}`));
    page.setDefaultTimeout(20_000);
    lastPage += 1;
    pages.set(lastPage, { page, context, words });
    return lastPage;
  },
  async close({ context }) {
    await context.close();
  },
  async words({ words }) {
    return words;
  },
  async evaluate({ page }, source, argument) {
    return (await page.evaluate(compiled(source), argument)) ?? null;
  },
  async waitFor({ page }, source, argument, timeout) {
    const handle = await page.waitForFunction(compiled(source), argument, { timeout, polling: 20 });
    return (await handle.jsonValue()) ?? null;
  },
  async addInitScript({ page }, source) {
    await page.addInitScript({ content: source });
  },
  async setOffline({ context }, offline) {
    await context.setOffline(offline);
  },
};

async function answer({ id, page: number, do: method, with: values = [] }) {
  try {
    const page = pages.get(number);
    const value =
      method in special
        ? await special[method](page, ...values)
        : await page.page[method](...values);
    // Playwright's own objects (a response, for instance) stay here.
    return { id, value: typeof value === 'object' && method in special ? value : plain(value) };
  } catch (error) {
    return { id, error: String(error?.stack ?? error) };
  }
}

function plain(value) {
  return ['string', 'number', 'boolean'].includes(typeof value) ? value : null;
}

console.log(JSON.stringify({ id: 0, value: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  answer(JSON.parse(line)).then((said) => console.log(JSON.stringify(said)));
}
await browser.close();

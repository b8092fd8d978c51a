// Chromium for the Python tests. What may be done is a method of Playwright's Page, or one below.

import { chromium } from 'playwright-core';
import { answerAll } from './answering.mjs';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding',
  ],
});

const pages = new Map();
let lastPage = 0;

// A function that arrives as text becomes a function again; Playwright carries it to the page.
const compiled = (source) => (0, eval)(`(${source})`);

async function openIn(context) {
  const page = await context.newPage();
  const words = [];
  page.on('console', (message) => words.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => words.push(`pageerror: ${error.message}`));
  page.setDefaultTimeout(20_000);
  lastPage += 1;
  pages.set(lastPage, { page, context, words });
  return lastPage;
}

const special = {
  open: async (_page, options) => openIn(await browser.newContext(options)),
  beside: ({ context }) => openIn(context),
  async close({ context }) {
    await context.close();
  },
  cookies: ({ context }) => context.cookies(),
  async words({ words }) {
    return words;
  },
  evaluate: ({ page }, source, argument) => page.evaluate(compiled(source), argument),
  async waitFor({ page }, source, argument, timeout) {
    const handle = await page.waitForFunction(compiled(source), argument, {
      timeout,
      polling: 20,
    });
    return handle.jsonValue();
  },
};

await answerAll(browser.version(), async (target, what, values) => {
  const entry = pages.get(target);
  if (what in special) return special[what](entry, ...values);
  const value = await entry.page[what](...values);
  // Playwright's own objects (a response, for instance) stay here.
  return ['string', 'number', 'boolean'].includes(typeof value) ? value : null;
});
await browser.close();

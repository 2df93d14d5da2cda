import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

import { describeWith } from '../setup/required-program.js';
import { chromiumPath, launchChromium } from './chromium.js';

/** The machine may be busy; a page that is right must not fail for it. */
const WAIT_MS = 20_000;

/** `describe` for specs that open the page. */
export const describeWithChromium = describeWith({
  name: 'Chromium',
  isInstalled: chromiumPath !== undefined,
  remedy:
    'Install Chromium (Debian: apt-get install chromium) or set SALAMANDRA_CHROMIUM to its path.',
});

export interface VisitOptions extends Pick<
  BrowserContextOptions,
  'colorScheme' | 'hasTouch' | 'locale' | 'viewport'
> {
  /** Complaints of the browser that the test causes on purpose, such as those about a response of 413. */
  readonly expected?: RegExp;
}

/** Opens the page for the specs of one file. */
export interface PageHarness {
  /** In a profile of its own. */
  open(address: string, options?: VisitOptions): Promise<Page>;
}

/**
 * One browser for a spec file. Every test fails for an error or a warning on the console, an exception that nobody caught, a
 * dialog, and a request to anything but the service. Make it before the service, so that pages close before the service does.
 */
export function createPageHarness(): PageHarness {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    const heard = complaints;
    contexts = [];
    complaints = [];
    expect(heard).toEqual([]);
  });

  return {
    async open(address, { expected, ...options } = {}) {
      const context = await browser.newContext({
        ...{ locale: 'en-GB', viewport: { width: 1280, height: 900 } },
        ...{ colorScheme: 'light', reducedMotion: 'reduce' },
        permissions: ['clipboard-read', 'clipboard-write'],
        ...options,
      });
      contexts.push(context);
      context.setDefaultTimeout(WAIT_MS);
      watch(context, address, (complaint) => {
        if (!expected?.test(complaint)) complaints.push(complaint);
      });
      const page = await context.newPage();
      await page.goto(address);
      return page;
    },
  };
}

/** Tells whatever a page must not do. */
function watch(context: BrowserContext, address: string, complain: (text: string) => void): void {
  const { origin } = new URL(address);
  context.on('request', (request) => {
    const { origin: target, protocol } = new URL(request.url());
    if (target !== origin && protocol !== 'data:') complain(`request to ${request.url()}`);
  });
  context.on('console', (message) => {
    const type = message.type();
    if (type !== 'error' && type !== 'warning') return;
    complain(`console ${type}: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (webError) => complain(`exception: ${String(webError.error())}`));
  context.on('dialog', (dialog) => {
    complain(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}

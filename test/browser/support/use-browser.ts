import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

import { describeWith } from '../../setup/required-program.js';
import { chromiumPath, launchChromium } from './launch-chromium.js';

/** Milliseconds for each step; generous, because the machine may be busy. */
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
  /** Console messages that the test causes on purpose, for example for a response with status 413. */
  readonly expected?: RegExp;
}

/** A browser for the specs of one file. */
export interface TestBrowser {
  /** Opens an address in a new browser context. */
  open(address: string, options?: VisitOptions): Promise<Page>;
}

/**
 * Starts one browser for a spec file. A test fails on console errors and warnings, uncaught exceptions, dialogs, and
 * requests to other origins than the service. Call before `useApp`, so that pages close before the service stops.
 */
export function useBrowser(): TestBrowser {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let violations: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    const reported = violations;
    contexts = [];
    violations = [];
    expect(reported).toEqual([]);
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
      watch(context, address, (violation) => {
        if (!expected?.test(violation)) violations.push(violation);
      });
      const page = await context.newPage();
      await page.goto(address);
      return page;
    },
  };
}

/** Reports everything that a page must not do. */
function watch(context: BrowserContext, address: string, report: (text: string) => void): void {
  const { origin } = new URL(address);
  context.on('request', (request) => {
    const { origin: target, protocol } = new URL(request.url());
    if (target !== origin && protocol !== 'data:') report(`request to ${request.url()}`);
  });
  context.on('console', (message) => {
    const type = message.type();
    if (type !== 'error' && type !== 'warning') return;
    report(`console ${type}: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (webError) => report(`exception: ${String(webError.error())}`));
  context.on('dialog', (dialog) => {
    report(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}

import type { Page } from 'playwright-core';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { en } from '../../src/web/page/locales/en.js';
import { poll } from '../setup/poll.js';
import { useApp } from './support/use-app.js';
import { findAccessibilityViolations } from './support/find-accessibility-violations.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  ask,
  button,
  chooseLanguages,
  writeCaptions,
  caption,
} from './support/page-actions.js';

type Show = (page: Page) => Promise<void>;

/** States of the page by name. */
const STATES: Readonly<Record<string, Show>> = {
  empty: async () => {},
  'with the list of languages': async (page) => {
    await button(page.getByRole('tabpanel'), en.languages.change).click();
  },
  'with captions of an image': async (page) => {
    await addSamples(page, 'fox.png', 'penguin.webp');
    await chooseLanguages(page, 'català', 'Ελληνικά');
    await writeCaptions(page);
    await caption(page, 'el', 'a fox in the snow').waitFor();
    await page.getByLabel(en.report.showTiles).check();
  },
  'with captions of a video': async (page) => {
    await addSamples(page, 'rabbit-enters.webm');
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();
  },
  'with a conversation and token probabilities': async (page) => {
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.settings, { exact: true }).click();
    await page.getByLabel(en.ask.tokens).check();
    await ask(page, 'What is this?');
    const token = page.getByLabel(en.ask.log).getByRole('button', { name: 'snow' });
    await token.focus();
    await page.getByText('otter').filter({ visible: true }).waitFor();
  },
};

describeWithChromium('the page has no accessibility violations', () => {
  const browser = useBrowser();
  const app = useApp();

  it.each(Object.entries(STATES))('%s', async (_state, show) => {
    // With the id of the demo model, the page shows the banner and the marks.
    const model = { ...(await app.engine.describe()), id: 'demo' };
    app.engine.nextStatus = { state: 'ready', model };
    const page = await browser.open(app.url);
    await show(page);

    await expectNoViolations(page);
  });

  it('with errors', async () => {
    app.engine.failure = new SalamandraError('QUEUE_FULL', 'Too many requests are waiting.');
    const page = await browser.open(app.url, { expected: /Failed to load resource/ });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await page.getByRole('alert').waitFor();
    await app.stop();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText(en.service.unreachable).waitFor();

    await expectNoViolations(page);
    await app.restart();
  });
});

/** Checks both themes. */
async function expectNoViolations(page: Page): Promise<void> {
  const light = await findAccessibilityViolations(page);
  const paper = await readBackground(page);
  // With reduced motion, Chromium turns color changes into short transitions, which would be measured half-way.
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'no-preference' });
  await poll(async () => (await readBackground(page)) !== paper || undefined);
  expect({ light, dark: await findAccessibilityViolations(page) }).toEqual({ light: [], dark: [] });
}

async function readBackground(page: Page): Promise<string> {
  return await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

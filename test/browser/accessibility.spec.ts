import type { Page } from 'playwright-core';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { en } from '../../src/web/page/locales/en.js';
import { poll } from '../setup/poll.js';
import { useApp } from './app-under-test.js';
import { findBarriers } from './find-barriers.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, ask, button, chooseLanguages, writeCaptions, written } from './page-parts.js';

type Show = (page: Page) => Promise<void>;

/** What the page can look like. */
const STATES: Readonly<Record<string, Show>> = {
  empty: async () => {},
  'with the list of languages': async (page) => {
    await button(page.getByRole('tabpanel'), en.languages.change).click();
  },
  'with captions of a picture': async (page) => {
    await addSamples(page, 'fox.png', 'penguin.webp');
    await chooseLanguages(page, 'català', 'Ελληνικά');
    await writeCaptions(page);
    await written(page, 'el', 'a fox in the snow').waitFor();
    await page.getByLabel(en.seen.showTiles).check();
  },
  'with captions of a clip': async (page) => {
    await addSamples(page, 'rabbit-enters.webm');
    await writeCaptions(page);
    await written(page, 'en', 'a fox in the snow').waitFor();
  },
  'with a conversation and the probabilities of its tokens': async (page) => {
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.more, { exact: true }).click();
    await page.getByLabel(en.ask.tokens).check();
    await ask(page, 'What is this?');
    const token = page.getByLabel(en.ask.log).getByRole('button', { name: 'snow' });
    await token.focus();
    await page.getByText('otter').filter({ visible: true }).waitFor();
  },
};

describeWithChromium('the page has no barrier', () => {
  const harness = createPageHarness();
  const app = useApp();

  it.each(Object.entries(STATES))('%s', async (_state, show) => {
    // Under the demo model's name the page shows its note.
    const model = { ...(await app.engine.describe()), id: 'demo' };
    app.engine.nextStatus = { state: 'ready', model };
    const page = await harness.open(app.url);
    await show(page);

    await expectNoBarriers(page);
  });

  it('with failures', async () => {
    app.engine.failure = new SalamandraError('QUEUE_FULL', 'Too many requests are waiting.');
    const page = await harness.open(app.url, { expected: /Failed to load resource/ });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await page.getByRole('alert').waitFor();
    await app.stop();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText(en.service.unreachable).waitFor();

    await expectNoBarriers(page);
    await app.restart();
  });
});

/** In either theme. */
async function expectNoBarriers(page: Page): Promise<void> {
  const light = await findBarriers(page);
  const paper = await readBackground(page);
  // Reduced motion makes every change of colour a short transition, and those would have to be waited for too.
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'no-preference' });
  await poll(async () => (await readBackground(page)) !== paper || undefined);
  expect({ light, dark: await findBarriers(page) }).toEqual({ light: [], dark: [] });
}

async function readBackground(page: Page): Promise<string> {
  return await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

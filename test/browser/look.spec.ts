import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import {
  addSamples,
  answered,
  ask,
  button,
  chooseLanguages,
  writeCaptions,
  written,
} from './page-parts.js';

const PHONE = { width: 360, height: 740 };

describeWithChromium('the page on a phone', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('is never wider than the screen', async () => {
    // A word without a place to break, as some languages and some attacks have.
    app.engine.texts = [`${'Donaudampfschifffahrt'.repeat(8)} a fox in the snow`];
    const page = await harness.open(app.url, { viewport: PHONE, hasTouch: true });
    await expectToFit(page, 'empty');
    await addSamples(page, 'meadow.jpg', 'rabbit-enters.webm', 'fox.png');
    await button(page, en.tray.select('meadow.jpg')).click();
    await expectToFit(page, 'with files');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await expectToFit(page, 'with the list of languages');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await chooseLanguages(page, 'català', 'Ελληνικά', 'Gaeilge');
    await writeCaptions(page);
    await written(page, 'ga', /snow/).waitFor();
    await expectToFit(page, 'with captions');
    await button(page, en.tray.select('rabbit-enters.webm')).click();
    await page.getByRole('list', { name: en.tray.frames }).waitFor();
    await expectToFit(page, 'with a clip');
    await ask(page, 'x'.repeat(200));
    await answered(page, /snow/).waitFor();
    await expectToFit(page, 'with a conversation');
  });
});

describeWithChromium('the themes of the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('follow the system, and differ', async () => {
    const light = await harness.open(app.url, { colorScheme: 'light' });
    const dark = await harness.open(app.url, { colorScheme: 'dark' });
    const [lightColours, darkColours] = [await readColours(light), await readColours(dark)];

    expect(brightness(lightColours.background)).toBeGreaterThan(200);
    expect(brightness(lightColours.text)).toBeLessThan(60);
    expect(brightness(darkColours.background)).toBeLessThan(60);
    expect(brightness(darkColours.text)).toBeGreaterThan(200);
  });
});

/** Fails where the page can be scrolled sideways. */
async function expectToFit(page: Page, state: string): Promise<void> {
  const widths = await page.evaluate(() => {
    const root = document.documentElement;
    const tooWide = [...document.querySelectorAll('body *')].filter((element) => {
      const { right, width } = element.getBoundingClientRect();
      return width > 0 && right > root.clientWidth + 1;
    });
    return {
      page: root.scrollWidth - root.clientWidth,
      // Which they are, for whoever has to find out why.
      tooWide: tooWide
        .slice(0, 5)
        .map((element) => element.getAttribute('class') ?? element.tagName),
    };
  });
  expect({ state, beyond: widths.page, ...(widths.page > 0 && { by: widths.tooWide }) }).toEqual({
    state,
    beyond: 0,
  });
}

async function readColours(page: Page) {
  return await page.evaluate(() => {
    const { backgroundColor: background, color: text } = getComputedStyle(document.body);
    return { background, text };
  });
}

/** 0 to 255, of a colour as the browser computes it. */
function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (red + green + blue) / 3;
}

import type { Locator, Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { poll } from '../setup/poll.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  answer,
  ask,
  button,
  chooseLanguages,
  writeCaptions,
  caption,
} from './support/page-actions.js';

const PHONE = { width: 360, height: 740 };

describeWithChromium('the page on a phone', () => {
  const browser = useBrowser();
  const app = useApp();

  it('is not wider than the screen', async () => {
    // A long word without a break opportunity.
    app.engine.texts = [`${'Donaudampfschifffahrt'.repeat(8)} a fox in the snow`];
    const page = await browser.open(app.url, { viewport: PHONE, hasTouch: true });
    await expectToFit(page, 'empty');
    await addSamples(page, 'meadow.jpg', 'rabbit-enters.webm', 'fox.png');
    await button(page, en.media.select('meadow.jpg')).click();
    await expectToFit(page, 'with files');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await expectToFit(page, 'with the language picker');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await chooseLanguages(page, 'català', 'Ελληνικά', 'Gaeilge');
    await writeCaptions(page);
    await caption(page, 'ga', /snow/).waitFor();
    await expectToFit(page, 'with captions');
    await button(page, en.media.select('rabbit-enters.webm')).click();
    await page.getByRole('list', { name: en.media.frames }).waitFor();
    await expectToFit(page, 'with a video');
    await ask(page, 'x'.repeat(200));
    await answer(page, /snow/).waitFor();
    await expectToFit(page, 'with a conversation');
  });
});

const NARROW_WINDOWS = {
  'a phone': { width: 390, height: 844 },
  'a tablet of 768 px': { width: 768, height: 1024 },
  'a desktop of 1280 x 900 px at a zoom of 200 %': { width: 640, height: 450 },
};

describeWithChromium('the results after a click on "Write captions"', () => {
  const browser = useBrowser();
  const app = useApp();

  it.each(Object.entries(NARROW_WINDOWS))('scroll into view on %s', async (_name, viewport) => {
    const resume = app.engine.pause();
    const page = await browser.open(app.url, { viewport });
    await addSamples(page, 'meadow.jpg');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);

    await poll(async () => (await isInWindow(results(page))) || undefined);
    const stop = button(page, en.captions.stop);
    expect(await isInWindow(stop)).toBe(true);
    expect(await stop.evaluate((element) => element === document.activeElement)).toBe(true);
    resume();
    await caption(page, 'eu', 'a fox in the snow').waitFor();
    expect(await isInWindow(caption(page, 'ca', 'a fox in the snow'))).toBe(true);
  });

  it.each([
    ['reduce', 'instant'],
    ['no-preference', 'smooth'],
  ] as const)('with the motion preference "%s", scroll %s', async (reducedMotion, behavior) => {
    const page = await browser.open(app.url, { viewport: NARROW_WINDOWS['a phone'] });
    await page.emulateMedia({ reducedMotion });
    await addSamples(page, 'meadow.jpg');
    await page.evaluate(recordScrolls);
    await writeCaptions(page);
    await poll(async () => (await isInWindow(results(page))) || undefined);

    expect(await page.evaluate(() => document.documentElement.dataset['scrolls'])).toBe(behavior);
  });

  it('do not scroll on a desktop, where they are in view', async () => {
    const page = await browser.open(app.url, { viewport: { width: 1280, height: 900 } });
    await addSamples(page, 'meadow.jpg');
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();

    expect(await isInWindow(results(page))).toBe(true);
    expect(await page.evaluate(() => scrollY)).toBe(0);
  });
});

/** The heading of the results. */
function results(page: Page): Locator {
  return page.getByRole('region', { name: en.captions.results }).getByRole('heading').first();
}

/** Whether the whole element is inside the window. False if it does not exist. */
async function isInWindow(locator: Locator): Promise<boolean> {
  if ((await locator.count()) === 0) return false;
  return await locator.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}

/** Records the behavior of the last scroll in `data-scrolls` of the document. Runs in the page. */
function recordScrolls(): void {
  const scroll = Element.prototype.scrollIntoView;
  Element.prototype.scrollIntoView = function (options) {
    if (typeof options === 'object') {
      document.documentElement.dataset['scrolls'] = options.behavior ?? 'auto';
    }
    scroll.call(this, options);
  };
}

describeWithChromium('the banner of the demo model', () => {
  const browser = useBrowser();
  const app = useApp();

  it.each([
    ['desktop', { width: 1280, height: 900 }, 48],
    ['phone', { width: 390, height: 844 }, 80],
  ] as const)('is short on a %s and cannot be closed', async (_name, viewport, maxHeight) => {
    const model = { ...(await app.engine.describe()), id: 'demo' };
    app.engine.nextStatus = { state: 'ready', model };
    const page = await browser.open(app.url, { viewport });
    const banner = page.getByRole('complementary', { name: en.demo.label });
    await banner.waitFor();

    expect((await banner.boundingBox())!.height).toBeLessThanOrEqual(maxHeight);
    expect(await banner.getByRole('button').filter({ visible: true }).count()).toBe(0);
  });
});

describeWithChromium('the themes of the page', () => {
  const browser = useBrowser();
  const app = useApp();

  it('follow the system and differ', async () => {
    const light = await browser.open(app.url, { colorScheme: 'light' });
    const dark = await browser.open(app.url, { colorScheme: 'dark' });
    const [lightColors, darkColors] = [await readColors(light), await readColors(dark)];

    expect(brightness(lightColors.background)).toBeGreaterThan(200);
    expect(brightness(lightColors.text)).toBeLessThan(60);
    expect(brightness(darkColors.background)).toBeLessThan(60);
    expect(brightness(darkColors.text)).toBeGreaterThan(200);
  });
});

/** Fails if the page can be scrolled horizontally. */
async function expectToFit(page: Page, state: string): Promise<void> {
  const widths = await page.evaluate(() => {
    const root = document.documentElement;
    const tooWide = [...document.querySelectorAll('body *')].filter((element) => {
      const { right, width } = element.getBoundingClientRect();
      return width > 0 && right > root.clientWidth + 1;
    });
    return {
      page: root.scrollWidth - root.clientWidth,
      // For the failure message.
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

async function readColors(page: Page) {
  return await page.evaluate(() => {
    const { backgroundColor: background, color: text } = getComputedStyle(document.body);
    return { background, text };
  });
}

/** Mean of the RGB channels of a computed color, 0 to 255. */
function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return (red + green + blue) / 3;
}

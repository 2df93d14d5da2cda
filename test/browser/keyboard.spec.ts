import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { answered, thumbnail, written, waitUntilReady } from './page-parts.js';

/** More stops than the page has. */
const MOST_STOPS = 60;

describeWithChromium('the page without a pointer', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('does its whole work', async () => {
    app.engine.texts = ['a fox', 'una guineu'];
    const page = await harness.open(app.url);
    await page.getByRole('button', { name: en.tray.useSample('fox.png') }).waitFor();
    await goTo(page, en.tray.useSample('fox.png'));
    await page.keyboard.press('Enter');
    await thumbnail(page, 'fox.png').waitFor();

    await goTo(page, en.languages.change);
    await page.keyboard.press('Enter');
    await page.getByLabel(en.languages.search).waitFor();
    expect(await focusedName(page)).toBe(en.languages.search);
    await page.keyboard.type('catal');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByLabel(en.languages.search).waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe(en.languages.change);

    await goTo(page, en.captions.write);
    await page.keyboard.press('Enter');
    await written(page, 'ca', 'una guineu').waitFor();
    await goTo(page, en.captions.copy('català'));
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('una guineu');

    await goTo(page, en.tabs.captions, 'back');
    await page.keyboard.press('ArrowRight');
    expect(await focusedName(page)).toBe(en.tabs.ask);
    await goTo(page, en.ask.question);
    await page.keyboard.type('What is this?');
    await page.keyboard.press('Enter');
    await answered(page, 'a fox').waitFor();
  });

  it('closes the list of languages wherever the focus is, on touch screens too', async () => {
    const page = await harness.open(app.url, { hasTouch: true });
    const opener = page.getByRole('button', { name: en.languages.change });
    await opener.click();
    await page.getByLabel(en.languages.search).waitFor();
    await opener.focus();
    await page.keyboard.press('Escape');

    await page.getByLabel(en.languages.search).waitFor({ state: 'detached' });
  });

  it('goes through the list of languages by arrows', async () => {
    const page = await harness.open(app.url);
    await waitUntilReady(page);
    await goTo(page, en.languages.change);
    await page.keyboard.press('Enter');
    await page.getByLabel(en.languages.search).waitFor();
    await page.keyboard.press('ArrowDown');
    const first = await focusedName(page);
    await page.keyboard.press('ArrowDown');

    expect(await focusedName(page)).not.toBe(first);
  });
});

/** Presses Tab until something of this name has the focus, and looks whether the focus can be seen on the way. */
async function goTo(page: Page, name: string, direction: 'on' | 'back' = 'on'): Promise<void> {
  const passed: string[] = [];
  while (passed.length < MOST_STOPS) {
    await page.keyboard.press(direction === 'on' ? 'Tab' : 'Shift+Tab');
    const focused = await focusedName(page);
    if (!(await isFocusVisible(page))) throw new Error(`The focus is not seen on "${focused}".`);
    if (focused === name) return;
    passed.push(focused);
  }
  throw new Error(`The keyboard does not reach "${name}" but: ${passed.join(' | ')}`);
}

/** How a screen reader calls what has the focus, near enough. */
async function focusedName(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    const label = element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent;
    return (label ?? element?.textContent ?? '').trim();
  });
}

/** Whether the focused element, or what stands around it for it, has an outline; the document itself needs none. */
async function isFocusVisible(page: Page): Promise<boolean> {
  return await page.evaluate(() => {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) return true;
    const around = [focused, focused.parentElement, focused.closest('label')];
    return around.some((element) => {
      if (!element) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    });
  });
}

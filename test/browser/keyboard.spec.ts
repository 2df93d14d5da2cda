import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import { answer, thumbnail, caption, waitUntilReady } from './support/page-actions.js';

/** Upper bound of the page's tab stops. */
const MAX_TAB_STOPS = 60;

describeWithChromium('the page by keyboard', () => {
  const browser = useBrowser();
  const app = useApp();

  it('writes captions, copies them and answers a question', async () => {
    app.engine.texts = ['a fox', 'una guineu'];
    const page = await browser.open(app.url);
    await page.getByRole('button', { name: en.media.useSample('fox.png') }).waitFor();
    await goTo(page, en.media.useSample('fox.png'));
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
    await caption(page, 'ca', 'una guineu').waitFor();
    await goTo(page, en.captions.copy('català'));
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('una guineu');

    await goTo(page, en.tabs.captions, 'back');
    await page.keyboard.press('ArrowRight');
    expect(await focusedName(page)).toBe(en.tabs.ask);
    await goTo(page, en.ask.question);
    await page.keyboard.type('What is this?');
    await page.keyboard.press('Enter');
    await answer(page, 'a fox').waitFor();
  });

  it('closes the language picker with Escape, on touch screens too', async () => {
    const page = await browser.open(app.url, { hasTouch: true });
    const opener = page.getByRole('button', { name: en.languages.change });
    await opener.click();
    await page.getByLabel(en.languages.search).waitFor();
    await opener.focus();
    await page.keyboard.press('Escape');

    await page.getByLabel(en.languages.search).waitFor({ state: 'detached' });
  });

  it('moves through the language picker with the arrow keys', async () => {
    const page = await browser.open(app.url);
    await waitUntilReady(page);
    await goTo(page, en.languages.change);
    await page.keyboard.press('Enter');
    await page.getByLabel(en.languages.search).waitFor();
    await page.keyboard.press('ArrowDown');
    const first = await focusedName(page);
    await page.keyboard.press('ArrowDown');
    const second = await focusedName(page);
    await page.keyboard.press('ArrowUp');

    expect(second).not.toBe(first);
    expect(await focusedName(page)).toBe(first);
  });
});

/** Presses Tab until an element with this name has the focus. Checks that the focus is visible on every stop. */
async function goTo(
  page: Page,
  name: string,
  direction: 'forward' | 'back' = 'forward',
): Promise<void> {
  const passed: string[] = [];
  while (passed.length < MAX_TAB_STOPS) {
    await page.keyboard.press(direction === 'forward' ? 'Tab' : 'Shift+Tab');
    const focused = await focusedName(page);
    if (!(await isFocusVisible(page))) throw new Error(`The focus on "${focused}" is not visible.`);
    if (focused === name) return;
    passed.push(focused);
  }
  throw new Error(`No tab stop is named "${name}". Tab stops: ${passed.join(' | ')}`);
}

/** The approximate accessible name of the focused element. */
async function focusedName(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    const label = element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent;
    return (label ?? element?.textContent ?? '').trim();
  });
}

/** Whether the focused element, its parent or its label has an outline. The document needs none. */
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

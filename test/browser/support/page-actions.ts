import type { Locator, Page } from 'playwright-core';

import { en } from '../../../src/web/page/locales/en.js';
import { pickFiles, samplePath } from './add-files.js';

/** A button by its exact name. */
export function button(page: Page | Locator, name: string): Locator {
  return page.getByRole('button', { name, exact: true });
}

/** Waits until the header shows a ready model. */
export async function waitUntilReady(page: Page): Promise<void> {
  await page.getByText(`${en.service.ready},`).waitFor({ state: 'attached' });
}

/** The preview of the selected image or video. */
export function preview(page: Page, name: string): Locator {
  return page.getByLabel(en.media.preview(name)).or(page.getByAltText(en.media.preview(name)));
}

/** Adds samples through the file dialog and waits for the last thumbnail. */
export async function addSamples(page: Page, ...names: readonly string[]): Promise<void> {
  await pickFiles(page, en.media.choose, names.map(samplePath));
  await thumbnail(page, names.at(-1)!).waitFor();
}

/** The thumbnail button of a file. */
export function thumbnail(page: Page, name: string): Locator {
  return button(page, en.media.select(name));
}

/** Selects exactly these languages, by their own names. */
export async function chooseLanguages(page: Page, ...names: readonly string[]): Promise<void> {
  const panel = page.getByRole('tabpanel', { name: en.tabs.captions });
  await button(panel, en.languages.change).click();
  await button(panel, en.languages.none).click();
  for (const name of names) await panel.getByRole('checkbox', { name }).check();
  await button(panel, en.languages.change).click();
}

/** Presses "Write captions". */
export async function writeCaptions(page: Page): Promise<void> {
  await button(page, en.captions.write).click();
}

/** A caption in a language. */
export function caption(page: Page, language: string, text: string | RegExp): Locator {
  const results = page.getByRole('region', { name: en.captions.results });
  return results.locator(`p[lang="${language}"]`).getByText(text);
}

/** An answer in the conversation. */
export function answer(page: Page, text: string | RegExp): Locator {
  return page.getByRole('log').locator('p[lang]').getByText(text);
}

/** Opens the Ask tab and sends a question. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('tab', { name: en.tabs.ask }).click();
  await page.getByLabel(en.ask.question, { exact: true }).fill(question);
  await button(page, en.ask.send).click();
}

/** Presses a copy button and returns the text of the clipboard. */
export async function copyWith(page: Page, name: string): Promise<string> {
  await button(page, name).click();
  return await page.evaluate(() => navigator.clipboard.readText());
}

/** Width and height of the preview image of a file, once it is decoded. The browser may show another one before. */
export async function previewSize(page: Page, name: string): Promise<readonly [number, number]> {
  const size = await page.waitForFunction((alt) => {
    const images = [...document.querySelectorAll<HTMLImageElement>('img')];
    const image = images.find((one) => one.alt === alt && one.naturalWidth > 0);
    return image ? ([image.naturalWidth, image.naturalHeight] as const) : null;
  }, en.media.preview(name));
  return (await size.jsonValue()) ?? [0, 0];
}

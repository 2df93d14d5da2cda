import type { Locator, Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { pickFiles, samplePath } from './sample-files.js';

/** A button by its whole name. */
export function button(page: Page | Locator, name: string): Locator {
  return page.getByRole('button', { name, exact: true });
}

/** Waits until the header says that there is a model. */
export async function waitUntilReady(page: Page): Promise<void> {
  await page.getByText(`${en.service.ready},`).waitFor({ state: 'attached' });
}

/** The large view of the selected picture or clip. */
export function preview(page: Page, name: string): Locator {
  return page.getByLabel(en.tray.preview(name)).or(page.getByAltText(en.tray.preview(name)));
}

/** Adds samples through the file dialog, and waits until the last of them can be selected. */
export async function addSamples(page: Page, ...names: readonly string[]): Promise<void> {
  await pickFiles(page, en.tray.choose, names.map(samplePath));
  await thumbnail(page, names.at(-1)!).waitFor();
}

/** The small picture that selects one of the files. */
export function thumbnail(page: Page, name: string): Locator {
  return button(page, en.tray.select(name));
}

/** Chooses languages, by their own names, in place of those that were chosen. */
export async function chooseLanguages(page: Page, ...names: readonly string[]): Promise<void> {
  const panel = page.getByRole('tabpanel', { name: en.tabs.captions });
  await button(panel, en.languages.change).click();
  await button(panel, en.languages.none).click();
  for (const name of names) await panel.getByRole('checkbox', { name }).check();
  await button(panel, en.languages.change).click();
}

/** Starts the writing of captions. */
export async function writeCaptions(page: Page): Promise<void> {
  await button(page, en.captions.write).click();
}

/** A caption in a language. */
export function written(page: Page, language: string, text: string | RegExp): Locator {
  const results = page.getByRole('region', { name: en.captions.results });
  return results.locator(`p[lang="${language}"]`).getByText(text);
}

/** An answer in the conversation. */
export function answered(page: Page, text: string | RegExp): Locator {
  return page.getByRole('log').locator('p[lang]').getByText(text);
}

/** Opens the tab of questions, and asks one. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('tab', { name: en.tabs.ask }).click();
  await page.getByLabel(en.ask.question, { exact: true }).fill(question);
  await button(page, en.ask.send).click();
}

/** What a button copies. */
export async function copied(page: Page, name: string): Promise<string> {
  await button(page, name).click();
  return await page.evaluate(() => navigator.clipboard.readText());
}

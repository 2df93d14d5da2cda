/**
 * `npm run screenshots`: screenshots of the page with the demo model, for the README, in samples/screenshots. Check
 * them before committing.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';

import { en } from '../../src/web/page/locales/en.js';
import { startService } from '../e2e/service.js';
import { launchChromium } from './support/launch-chromium.js';
import { addSamples, ask, button, chooseLanguages, writeCaptions } from './support/page-actions.js';

const FOLDER = join(import.meta.dirname, '../../samples/screenshots');
/** Maximum size of a screenshot, for README readers on slow connections. */
const MAX_BYTES = 60_000;
const FIRST_QUALITY = 90;
/** Milliseconds for each step, on a busy machine too. */
const WAIT_MS = 120_000;

interface Scene {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly show: (page: Page) => Promise<void>;
}

const DESKTOP = { viewport: { width: 1280, height: 960 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, hasTouch: true };

const SCENES: readonly Scene[] = [
  { name: 'desktop', options: DESKTOP, show: showCaptions },
  { name: 'phone', options: PHONE, show: showCaptionsOnPhone },
  { name: 'clip', options: DESKTOP, show: showVideo },
  { name: 'dark', options: { ...DESKTOP, colorScheme: 'dark' }, show: showConversation },
];

const service = await startService();
await service.waitUntilReady();
const browser = await launchChromium();
try {
  await mkdir(FOLDER, { recursive: true });
  for (const scene of SCENES) await take(browser, scene);
} finally {
  await browser.close();
  await service.stop();
}

async function take(opened: Browser, { name, options, show }: Scene): Promise<void> {
  const context = await opened.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  await page.goto(service.url);
  await show(page);
  const bytes = await compress(await page.screenshot());
  await writeFile(join(FOLDER, `${name}.webp`), bytes);
  console.log(`${name}.webp: ${(bytes.length / 1000).toFixed(1)} kB`);
  await context.close();
}

async function showCaptions(page: Page): Promise<void> {
  await addSamples(page, 'meadow.jpg', 'owl-and-guitar.jpg');
  await chooseLanguages(page, 'català', 'English', 'euskara', 'galego', 'Gaeilge', 'Ελληνικά');
  await writeCaptions(page);
  await button(page, en.captions.write).waitFor();
  await page.getByLabel(en.report.showTiles).check();
}

async function showCaptionsOnPhone(page: Page): Promise<void> {
  await addSamples(page, 'owl-and-guitar.jpg');
  await chooseLanguages(page, 'català', 'English', 'euskara');
  await writeCaptions(page);
  await button(page, en.captions.write).waitFor();
  await page.getByRole('region', { name: en.captions.results }).scrollIntoViewIfNeeded();
}

async function showVideo(page: Page): Promise<void> {
  await addSamples(page, 'three-shots.mp4');
  await chooseLanguages(page, 'English', 'galego');
  await page.getByLabel(en.captions.granularity).selectOption(en.captions.granularities.shot);
  await writeCaptions(page);
  await button(page, en.captions.downloadVtt('galego')).waitFor();
}

async function showConversation(page: Page): Promise<void> {
  await addSamples(page, 'street.png');
  await page.getByRole('tab', { name: en.tabs.ask }).click();
  await page.getByText(en.ask.settings, { exact: true }).click();
  await page.getByLabel(en.ask.tokens).check();
  await ask(page, 'What is on the left?');
  await button(page, en.ask.copy).waitFor();
  await ask(page, 'How many things are there?');
  await button(page, en.ask.copy).nth(1).waitFor();
  const firstAnswer = page.getByRole('toolbar', { name: en.ask.tokenBar }).first();
  await firstAnswer.getByRole('button', { name: 'house' }).hover();
  await page.getByRole('tooltip').waitFor();
}

/** WebP with the highest quality below MAX_BYTES. */
async function compress(png: Buffer): Promise<Buffer> {
  for (let quality = FIRST_QUALITY; quality > 0; quality -= 10) {
    const bytes = await sharp(png).webp({ quality, effort: 6 }).toBuffer();
    if (bytes.length < MAX_BYTES) return bytes;
  }
  throw new Error(`The screenshot exceeds ${MAX_BYTES} bytes at the lowest quality.`);
}

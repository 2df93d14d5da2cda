import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { jest } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';

import { en } from '../../src/web/page/locales/en.js';
import { type Service, startService } from '../e2e/service.js';
import { poll } from '../setup/poll.js';
import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { samplePath } from './support/add-files.js';
import { dropPaths } from './support/drop-folder.js';
import { button } from './support/page-actions.js';
import { describeWithChromium, useBrowser } from './support/use-browser.js';

const { jobs } = en;
const PROJECT = join(import.meta.dirname, '../..');
const PICTURES = [
  'fox.png',
  'fruit.webp',
  'penguin.webp',
  'meadow.jpg',
  'street.png',
  'desert.webp',
];
const COUNT = 12;

// The first start converts the model, and a busy machine decodes slowly.
jest.setTimeout(400_000);
const WAIT_MS = 120_000;

/** The walk of an archivist through a job, with the service as it is installed. */
describeWithChromium('an archivist', () => {
  const browser = useBrowser();
  let home: TemporaryFolder;
  let service: Service;
  let env: Record<string, string>;

  beforeAll(async () => {
    home = createTemporaryFolder();
    // The demo model is converted once for all specs, and the jobs are of this spec alone.
    const packages = join(PROJECT, '.salamandra/packages');
    mkdirSync(packages, { recursive: true });
    symlinkSync(packages, home.path('packages'));
    mkdirSync(home.path('Arxiu Girona/àlbum'), { recursive: true });
    for (let index = 0; index < COUNT; index += 1) {
      const name = `${index < 6 ? '' : 'àlbum/'}foto ${index + 1}.jpg`;
      const picture = sharp(samplePath(PICTURES[index % PICTURES.length] ?? ''));
      // Different files: equal ones would be captioned once.
      const bytes = await picture.jpeg({ quality: 90 - index }).toBuffer();
      home.write(`Arxiu Girona/${name}`, bytes);
    }
    home.write('Arxiu Girona/notes.txt', 'neither an image nor a video');
    home.write('Arxiu Girona/còpia.zip', 'PK');
    env = { SALAMANDRA_HOME: home.path('.'), SALAMANDRA_MODEL: 'demo' };
    service = await startService(env);
    await service.waitUntilReady();
  });
  afterAll(async () => {
    await service.stop();
    home.remove();
  });

  it('captions a folder, reviews the texts and hands them over', async () => {
    const page = await browser.open(service.url, { expected: /EventSource|ERR_|Failed to load/ });
    page.setDefaultTimeout(WAIT_MS);
    const job = await createJob(page);
    await tryItems(page);
    await watchProgress(page);
    await reviewByKeyboard(page, job);
    await acceptAll(page);
    await importTable(page, job);
    await exportAll(page, job);
    await goBack(page, job);
  });

  it('goes on with uploads after a lost connection and after a reload', async () => {
    const page = await browser.open(service.url, { expected: /ERR_|Failed to load/ });
    page.setDefaultTimeout(WAIT_MS);
    let begun = 0;
    let allowed = 3;
    await page.route('**/uploads', async (route) => {
      const isAllowed = begun < allowed;
      if (isAllowed) begun += 1;
      await (isAllowed ? route.continue() : route.abort());
    });
    await createJob(page);
    await page.getByText(jobs.uploads.lost).waitFor();
    await button(page, jobs.uploads.stop).click();
    await button(page, jobs.uploads.resume).waitFor();
    await page.reload();
    const left = COUNT - begun;
    const missing = page.getByRole('list', { name: jobs.uploads.missingFiles(left) });
    await missing.waitFor();
    expect(await missing.getByRole('listitem').count()).toBe(left);

    allowed = begun + 2;
    await dropPaths(page, [home.path('Arxiu Girona')]);
    await page.getByText(jobs.uploads.lost).waitFor();
    allowed = Infinity;
    await page
      .getByText(jobs.progress.of(4, COUNT))
      .or(page.getByText(/4 items took/))
      // Both are there once the pilot has ended.
      .first()
      .waitFor();
    await page.getByText(jobs.pilot.hint).waitFor();

    expect(begun).toBe(COUNT);
  });

  /** Drops the folder, chooses three languages and starts with a pilot. */
  async function createJob(page: Page): Promise<string> {
    await page.goto(`${service.url}/#/jobs`);
    await page.getByRole('link', { name: jobs.list.create }).click();
    await page.getByText(jobs.files.drop).waitFor();
    await dropPaths(page, [home.path('Arxiu Girona')]);
    await page.getByText(jobs.create.files(COUNT)).waitFor();
    await page.getByText(jobs.files.leftOut(1)).waitFor();
    await page.getByText(jobs.files.archives(1)).waitFor();
    const form = page.locator('form.new-job');
    await button(form, en.languages.change).click();
    await button(form, en.languages.none).click();
    for (const name of ['català', 'English', 'euskara']) {
      await form.getByRole('checkbox', { name }).check();
    }
    await button(form, en.languages.change).click();
    await form.getByLabel(jobs.create.pilotItems).fill('4');
    await button(form, jobs.create.start(4)).click();
    await page.getByRole('heading', { name: 'Arxiu Girona' }).waitFor();
    return decodeURIComponent(/#\/jobs\/([^/?]+)/.exec(page.url())?.[1] ?? '');
  }

  async function tryItems(page: Page): Promise<void> {
    const start = button(page.locator('.job-note'), jobs.actions.startRest);
    await start.waitFor();
    await page.getByText(/4 items took/).waitFor();
    await page.getByText(/The other 8 will take/).waitFor();
    await page.reload();
    await start.click();
  }

  async function watchProgress(page: Page): Promise<void> {
    await page.getByText(jobs.progress.of(COUNT, COUNT)).waitFor();
    await page.getByText(jobs.states.done, { exact: true }).waitFor();
    await page.locator(`[data-index="${COUNT - 1}"] img`).waitFor();
  }

  async function reviewByKeyboard(page: Page, job: string): Promise<void> {
    const grid = page.getByRole('list', { name: jobs.grid.title });
    await grid.getByRole('link').first().focus();
    await page.keyboard.press('Enter');
    await focusedText(page).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: jobs.commands.help }).waitFor();
    await page.keyboard.press('Escape');
    const first = page.url();
    await page.keyboard.press('a');
    await page.getByRole('dialog', { name: jobs.reviewer.title }).waitFor();
    await page.keyboard.type('Ona Puig');
    await page.keyboard.press('Enter');
    await marked(page, 0, jobs.marks.accepted).waitFor();
    await page.locator('[data-text="1"]:focus').waitFor();
    await page.keyboard.press('e');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('A fox, “seen” in Girona.');
    await page.keyboard.press('Control+Enter');
    await marked(page, 1, jobs.marks.edited).waitFor();
    await page.locator('[data-text="2"]:focus').waitFor();
    await page.keyboard.press('r');
    await marked(page, 2, jobs.marks.rejected).waitFor();
    await page.keyboard.press('j');
    await poll(() => page.url() !== first || undefined);
    await page.reload();
    await focusedText(page).waitFor();
    await page.keyboard.press('k');
    await poll(() => page.url() === first || undefined);
    await marked(page, 1, jobs.marks.edited).waitFor();
    const revisions = await revisionsOf(job, first, 1);
    expect(revisions).toMatchObject([
      { decision: 'edited', author: 'Ona Puig', origin: 'page', text: 'A fox, “seen” in Girona.' },
    ]);
    await page.keyboard.press('Escape');
    await grid.waitFor();
  }

  async function acceptAll(page: Page): Promise<void> {
    await page.getByRole('button', { name: /^To review/ }).click();
    await poll(() => page.url().includes('review=unreviewed') || undefined);
    await page.getByText(jobs.grid.found(COUNT - 1)).waitFor();
    const texts = (COUNT - 1) * 6;
    await button(page, jobs.bulk.accept).click();
    await page.getByText(jobs.bulk.count(texts, COUNT - 1)).waitFor();
    await button(page, jobs.bulk.confirm(texts)).click();
    await page.getByText(jobs.bulk.done(texts)).waitFor();
    await page.getByText(jobs.grid.noneFound).waitFor();
    await button(page, jobs.bulk.undo).click();
    await page.getByText(jobs.bulk.undone(texts)).waitFor();
    await page.getByText(jobs.grid.found(COUNT - 1)).waitFor();
    await page.getByRole('button', { name: /^All/ }).first().click();
  }

  /** Exports a table, changes it as a colleague would, and brings it back. */
  async function importTable(page: Page, job: string): Promise<void> {
    const table = await download(page, 'CSV', { all: true });
    const rows = parse<Record<string, string>>(table, { columns: true, bom: true });
    const own = rows.filter(({ identifier }) => identifier?.endsWith('foto 9.jpg'));
    expect(own.length).toBe(6);
    const edited = rows.map((row) =>
      row['identifier']?.endsWith('foto 9.jpg') && row['language'] === 'ca'
        ? { ...row, text: 'Text d’una col·lega.' }
        : row,
    );
    const path = home.write('colleague.csv', stringify(edited, { header: true }));
    await button(page, jobs.exchange.import).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(jobs.exchange.file).setInputFiles(path);
    await button(dialog, jobs.exchange.import).click();
    await dialog.getByText(jobs.exchange.edited(2)).waitFor();
    await dialog.getByText(jobs.exchange.unchanged(COUNT * 6 - 2)).waitFor();
    await button(dialog, jobs.shortcuts.close).click();
    await page.getByRole('button', { name: /^Edited/ }).click();
    await page.getByText(jobs.grid.found(2)).waitFor();
    expect(job).toMatch(/^job_/);
  }

  async function exportAll(page: Page, job: string): Promise<void> {
    const reviewed = await download(page, 'CSV', {});
    expect(reviewed.toString()).toContain('Text d’una col·lega.');
    const sidecars = await download(page, 'XMP', {});
    expect(sidecars.subarray(0, 2).toString()).toBe('PK');
    expect(job).toMatch(/^job_/);
  }

  async function goBack(page: Page, job: string): Promise<void> {
    await page.goto(`${service.url}/#/jobs`);
    await page.getByRole('link', { name: 'Arxiu Girona' }).click();
    await page.getByRole('list', { name: jobs.grid.title }).getByRole('link').first().click();
    await focusedText(page).waitFor();
    const item = page.url();
    await page.reload();
    await focusedText(page).waitFor();
    await page.goBack();
    await page.getByRole('list', { name: jobs.grid.title }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Arxiu Girona' }).waitFor();
    await page.goForward();
    await page.goForward();
    await focusedText(page).waitFor();
    expect(page.url()).toBe(item);
    for (const view of ['', '/new', `/${job}?review=edited`]) {
      await page.goto(`${service.url}/#/jobs${view}`);
      await page.reload();
      await page.locator('.view-heading').waitFor();
      expect(page.url()).toBe(`${service.url}/#/jobs${view}`);
    }
  }

  async function revisionsOf(job: string, url: string, text: number): Promise<object[]> {
    const item = /items\/(\d+)/.exec(url)?.[1] ?? '';
    const path = `${service.url}/v1/jobs/${job}/items/${item}/texts/${text}/revisions`;
    const { data } = (await (await fetch(path)).json()) as { data: object[] };
    return data;
  }
});

/** The card of a text that has the focus. */
const focusedText = (page: Page) => page.locator('[data-text]:focus');

function marked(page: Page, text: number, mark: string): Locator {
  return page.locator(`[data-text="${text}"] header`).getByText(mark, { exact: true });
}

/** Downloads an export from its dialog. */
async function download(
  page: Page,
  format: string,
  { all = false }: { readonly all?: boolean },
): Promise<Buffer> {
  await button(page, jobs.exchange.export).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(format, { exact: true }).click();
  if (all) await dialog.getByLabel(jobs.exchange.reviewedOnly).uncheck();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('link', { name: jobs.exchange.download }).click(),
  ]);
  return readFileSync(await file.path());
}

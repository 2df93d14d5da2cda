import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { poll } from '../setup/poll.js';
import { FAKE_JOB, type FakeJobs, fakeJobs } from './support/fake-jobs.js';
import { findAccessibilityViolations } from './support/find-accessibility-violations.js';
import { button } from './support/page-actions.js';
import { useApp } from './support/use-app.js';
import { describeWithChromium, useBrowser, type VisitOptions } from './support/use-browser.js';

const { jobs } = en;
const LIST = '#/jobs';
const NEW = '#/jobs/new';
const JOB = `#/jobs/${FAKE_JOB}`;
const ITEM = `${JOB}/items/8`;
const NARROW = {
  'a phone': { width: 390, height: 844 },
  'a desktop at a zoom of 200 %': { width: 640, height: 450 },
};

describeWithChromium('the jobs of the page', () => {
  const browser = useBrowser();
  const app = useApp();

  async function visit(
    fragment: string,
    { count = 300, ...options }: VisitOptions & { readonly count?: number } = {},
  ): Promise<{ readonly page: Page; readonly fake: FakeJobs }> {
    const page = await browser.open(app.url, options);
    const fake = await fakeJobs(page, count);
    await page.goto(`${app.url}/${fragment}`);
    return { page, fake };
  }

  it.each(Object.entries({ LIST, NEW, JOB, ITEM }))(
    'have no accessibility violations, and fit narrow windows: %s',
    async (_name, fragment) => {
      const { page } = await visit(fragment);
      await page.locator('.view-heading').waitFor();
      await poll(
        async () =>
          (await page.locator('.jobs img').count()) > 0 || fragment.length < 12 || undefined,
      );
      expect(await findAccessibilityViolations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'no-preference' });
      await page.waitForTimeout(300);
      expect(await findAccessibilityViolations(page)).toEqual([]);
      for (const [window, viewport] of Object.entries(NARROW)) {
        await page.setViewportSize(viewport);
        await page.waitForTimeout(100);
        const beyond = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect({ window, beyond }).toEqual({ window, beyond: 0 });
      }
    },
  );

  it('are reviewed by the keyboard alone', async () => {
    const { page, fake } = await visit(ITEM);
    await page.evaluate(() => localStorage.setItem('salamandra.reviewer', '"Ona Puig"'));
    await page.reload();
    await page.locator('#text-0:focus').waitFor();
    await page.keyboard.press('a');
    await poll(() => fake.decisions[0]);
    await page.keyboard.press('e');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('A fox in the snow.');
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('r');
    await page.getByRole('heading', { name: 'Plaça de l’Església, 9' }).waitFor();
    await page.keyboard.press('A');
    await page.getByRole('heading', { name: 'Plaça de l’Església, 10' }).waitFor();
    await page.keyboard.press('k');
    await page.getByRole('heading', { name: 'Plaça de l’Església, 9' }).waitFor();
    await page.keyboard.press('u');
    await poll(() => fake.decisions.length >= 5 || undefined);

    const sent = fake.decisions.flatMap(({ item, body }) => {
      const { author, decisions } = body as { author: string; decisions: readonly object[] };
      expect(author).toBe('Ona Puig');
      return decisions.map((decision) => ({ item, ...decision }));
    });
    expect(sent).toMatchObject([
      { item: 8, number: 0, decision: 'accept', revision: 0 },
      { item: 8, number: 1, decision: 'edit', text: 'A fox in the snow.', revision: 0 },
      { item: 8, number: 2, decision: 'reject', revision: 0 },
      ...[0, 1, 2].map((number) => ({ item: 9, number, decision: 'accept', revision: 0 })),
      { item: 9, number: 0, decision: 'reopen', revision: 1 },
    ]);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: jobs.commands.help }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('list', { name: jobs.grid.title }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Plaça de l’Església, 9' }).waitFor();
  });

  it('show both texts when another person was faster', async () => {
    const { page, fake } = await visit(ITEM, { expected: /Failed to load resource/ });
    await page.evaluate(() => localStorage.setItem('salamandra.reviewer', '"Ona"'));
    await page.reload();
    fake.changed.add('8/0');
    const card = page.getByRole('article').first();
    await card.getByRole('textbox').fill('La meva guineu.');
    await button(card, jobs.card.save).click();
    const alert = card.getByRole('alert');
    await alert.getByText(jobs.conflict.title('Montse')).waitFor();
    await alert.getByText('Una altra guineu.').waitFor();
    await alert.getByText('La meva guineu.').waitFor();
    await button(alert, jobs.conflict.use).click();

    await poll(() => fake.decisions[0]);
    expect(fake.decisions[0]).toMatchObject({
      body: { decisions: [{ decision: 'edit', text: 'La meva guineu.', revision: 1 }] },
    });
  });

  it('keep decisions and unsaved texts until the service has them', async () => {
    const { page, fake } = await visit(ITEM, { expected: /Failed to load resource|ERR_FAILED/ });
    await page.evaluate(() => localStorage.setItem('salamandra.reviewer', '"Ona"'));
    await page.reload();
    await page.route(/items\/8\/review/, (route) => route.abort());
    const cards = page.getByRole('article');
    await button(cards.nth(0), jobs.commands.accept).click();
    await page.getByText(jobs.outbox.waiting(1)).waitFor();
    await cards.nth(1).getByRole('textbox').fill('Half a sen');
    await page.reload();

    await page.getByText(jobs.outbox.waiting(1)).waitFor();
    expect(await cards.nth(1).getByRole('textbox').inputValue()).toBe('Half a sen');
    await cards.nth(0).getByText(jobs.marks.accepted, { exact: true }).waitFor();
    await page.unroute(/items\/8\/review/);
    await button(page, en.errors.retry).click();
    await poll(() => fake.decisions[0]);
    await page.getByText(jobs.outbox.waiting(1)).waitFor({ state: 'detached' });
    await page.reload();
    await cards.nth(0).getByText(jobs.marks.accepted, { exact: true }).waitFor();
    expect(fake.decisions).toHaveLength(1);
  });

  it('are found by filters that are part of the address', async () => {
    const { page, fake } = await visit(JOB);
    await page.getByRole('button', { name: `${jobs.filters.choices.unreviewed} 296` }).click();
    await page.getByLabel(jobs.filters.search).fill('girona');
    await poll(() => page.url().includes('q=girona') || undefined);
    await page.getByLabel(jobs.filters.flag).selectOption('cut_off');
    await page.reload();
    await page.getByRole('list', { name: jobs.grid.title }).getByRole('link').first().waitFor();

    expect(new URL(page.url()).hash).toBe(`${JOB}?review=unreviewed&flag=cut_off&q=girona`);
    expect(fake.pages.at(-1)).toBe('review=unreviewed&flag=cut_off&q=girona&limit=100&language=ca');
  });

  it('are reached in a long grid with the arrow keys', async () => {
    const { page } = await visit(JOB, { count: 2_000 });
    const grid = page.getByRole('list', { name: jobs.grid.title });
    await grid.getByRole('link').first().focus();
    await page.keyboard.press('End');
    await page.locator('[data-index="1999"] a:focus').waitFor();
    expect(await grid.getByRole('listitem').count()).toBeLessThan(120);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Plaça de l’Església, 2000' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-index="1999"]').waitFor();
  });

  it('are accepted together after their number was said, and it can be undone', async () => {
    const { page } = await visit(JOB);
    await button(page, jobs.bulk.accept).click();
    await page.getByRole('textbox', { name: jobs.reviewer.name }).fill('Ona');
    await button(page, jobs.reviewer.save).click();
    await page.getByText(jobs.bulk.count(600, 300)).waitFor();
    await button(page, jobs.bulk.confirm(600)).click();
    await page.getByText(jobs.bulk.done(600)).waitFor();
    await button(page, jobs.bulk.undo).click();
    await page.getByText(jobs.bulk.undone(600)).waitFor();
  });

  it('are accepted and taken back once, however often the button is clicked', async () => {
    const { page, fake } = await visit(JOB);
    const clickTwice = (name: string) =>
      button(page, name).evaluate((element: HTMLElement) => {
        element.click();
        element.click();
      });
    await button(page, jobs.bulk.accept).click();
    await page.getByRole('textbox', { name: jobs.reviewer.name }).fill('Ona');
    await button(page, jobs.reviewer.save).click();
    await clickTwice(jobs.bulk.confirm(600));
    await page.getByText(jobs.bulk.done(600)).waitFor();
    await clickTwice(jobs.bulk.undo);
    await page.getByText(jobs.bulk.undone(600)).waitFor();

    expect(fake.bulk).toEqual(['review', 'review/group_1/undo']);
  });

  it('are exported by a link that names format, texts and filter', async () => {
    const { page } = await visit(`${JOB}?flag=cut_off`);
    await button(page, jobs.exchange.export).click();
    const dialog = page.getByRole('dialog');
    expect(await findAccessibilityViolations(page)).toEqual([]);
    await dialog.getByLabel('XMP').check();
    const link = dialog.getByRole('link', { name: jobs.exchange.download });
    expect(await link.getAttribute('href')).toBe(
      `v1/jobs/${FAKE_JOB}/export?flag=cut_off&review=reviewed&format=xmp`,
    );
    expect(await dialog.getByLabel('IIIF').count()).toBe(0);
    await dialog.getByLabel(jobs.exchange.reviewedOnly).uncheck();
    await dialog.getByLabel(jobs.exchange.filteredOnly).uncheck();
    expect(await link.getAttribute('href')).toBe(
      `v1/jobs/${FAKE_JOB}/export?review=all&format=xmp`,
    );
  });

  it('of a IIIF source are exported as IIIF with the address of the files', async () => {
    const { page, fake } = await visit('#/jobs');
    fake.source = { kind: 'iiif', url: 'https://example.org/manifest.json' };
    await page.goto(`${app.url}/${JOB}`);
    await button(page, jobs.exchange.export).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('IIIF').check();
    const link = dialog.getByText(jobs.exchange.download);
    expect(await link.getAttribute('href')).toBeNull();
    await dialog.getByLabel(jobs.exchange.baseUrl).fill('https://example.org/iiif');
    expect(await findAccessibilityViolations(page)).toEqual([]);

    expect(await link.getAttribute('href')).toBe(
      `v1/jobs/${FAKE_JOB}/export?review=reviewed&format=iiif&base_url=https%3A%2F%2Fexample.org%2Fiiif`,
    );
  });
});

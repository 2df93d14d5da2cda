import { jest } from '@jest/globals';

import { en } from '../../src/web/page/locales/en.js';
import { itWithFfmpeg } from '../videos/videos.js';
import { type Service, startService } from '../e2e/service.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, ask, button, writeCaptions, written, waitUntilReady } from './page-parts.js';

// The first start converts the model, and on a busy machine its texts take their time.
jest.setTimeout(300_000);
const WAIT_MS = 120_000;

describeWithChromium('the page of the real service', () => {
  const harness = createPageHarness();
  let service: Service;

  beforeAll(async () => {
    service = await startService();
    await service.waitUntilReady();
  });
  afterAll(() => service.stop());

  it('says what the demo model is, until it is told not to', async () => {
    const page = await harness.open(service.url);
    const note = page.getByRole('complementary', { name: en.demo.title });
    await note.waitFor();
    expect(await note.innerText()).toContain('node dist/cli.js pull 7b-vision');
    await button(note, en.demo.close).click();
    await note.waitFor({ state: 'detached' });
    await page.reload();
    await waitUntilReady(page);
    expect(await note.count()).toBe(0);
    await button(page, en.demo.show).click();

    await note.waitFor();
  });

  it('captions a picture and shows its tiles', async () => {
    const page = await harness.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'meadow.jpg');
    await writeCaptions(page);
    await written(page, 'en', /butterfly|snail|mushroom/).waitFor();
    const tiles = page.getByRole('img', { name: en.seen.tiles(5) });
    await page.getByText(en.seen.tiles(5)).first().waitFor();
    await page.getByLabel(en.seen.showTiles).check();
    await tiles.waitFor();
    await page.getByRole('heading', { name: en.seen.timeTitle }).waitFor();
    await page.getByLabel(en.seen.showTiles).uncheck();

    await tiles.waitFor({ state: 'detached' });
  });

  it('answers a question, with the probabilities of the model', async () => {
    const page = await harness.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'owl-and-guitar.jpg');
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.more, { exact: true }).click();
    await page.getByLabel(en.ask.tokens).check();
    await ask(page, 'What is on the left?');
    await page
      .getByLabel(en.ask.log)
      .getByRole('button', { name: /owl|ow/ })
      .first()
      .waitFor();
  });

  itWithFfmpeg('describes a clip', async () => {
    const page = await harness.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'three-shots.mp4');
    await page.getByLabel(en.captions.granularity).selectOption(en.captions.granularities.shot);
    await writeCaptions(page);

    await button(page, en.captions.downloadVtt('English')).waitFor();
    expect(await page.locator('[lang="en"]').getByText(/\w/).count()).toBeGreaterThanOrEqual(3);
  });
});

describeWithChromium('the page of a service that is killed', () => {
  const harness = createPageHarness();
  let service: Service;

  beforeAll(async () => {
    service = await startService();
    await service.waitUntilReady();
  });
  afterAll(() => service.stop());

  it('keeps what had come, and goes on when the service is back', async () => {
    const page = await harness.open(service.url, { expected: /Failed to load resource/ });
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'fox.png');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await button(page, en.languages.all).click();
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await page.getByLabel(en.captions.kind).selectOption(en.captions.kinds.long);
    await writeCaptions(page);
    // The first of 35.
    await written(page, 'ca', /./).waitFor();
    service.process.kill('SIGKILL');

    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.interrupted).waitFor();
    await written(page, 'ca', /./).waitFor();

    service = await startService({ PORT: new URL(service.url).port });
    await service.waitUntilReady();
    await button(alert, en.errors.retry).click();
    await written(page, 'uk', /./).waitFor();
    await alert.waitFor({ state: 'detached' });
  });
});

import { jest } from '@jest/globals';
import sharp from 'sharp';

import { en } from '../../src/web/page/locales/en.js';
import { fillRectangle, writePdf } from '../media/write-pdf.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { ffmpeg, runEncoder } from '../videos/ffmpeg-videos.js';
import { type Service, startService } from '../e2e/service.js';
import { pickFiles, samplePath } from './support/add-files.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  ask,
  button,
  writeCaptions,
  caption,
  copyWith,
  previewSize,
  thumbnail,
} from './support/page-actions.js';

// The first start converts the model, and a busy machine decodes slowly.
jest.setTimeout(300_000);
const WAIT_MS = 120_000;

// A skipped spec would look like a passed one in CI.
if (!ffmpeg && process.env['CI']) throw new Error('ffmpeg was not found. Install it.');
const itWithFfmpeg = ffmpeg ? it : it.skip;

describeWithChromium('the page of the real service', () => {
  const browser = useBrowser();
  let service: Service;

  beforeAll(async () => {
    service = await startService();
    await service.waitUntilReady();
  });
  afterAll(() => service.stop());

  it('states the limits of the demo model, and the command for the real one on request', async () => {
    const page = await browser.open(service.url);
    const banner = page.getByRole('complementary', { name: en.demo.label });
    await banner.getByText(en.demo.text).waitFor();
    const command = banner.getByText('npx salamandra pull 7b-vision');
    expect(await command.isVisible()).toBe(false);
    await banner.getByText(en.demo.realModel).click();
    await command.waitFor();

    expect(await copyWith(page, en.demo.copyCommand)).toBe(
      'npx salamandra pull 7b-vision && SALAMANDRA_MODEL=7b-vision npm start',
    );
  });

  itWithFfmpeg('previews a TIFF image, a PDF page and an MXF video', async () => {
    const folder = createTemporaryFolder();
    const tiff = folder.path('scan.tif');
    await sharp(samplePath('fox.png')).tiff().toFile(tiff);
    const content = fillRectangle([1, 0, 0], [0, 0, 200, 100]);
    const pdf = folder.write('page.pdf', writePdf([{ width: 400, height: 300, content }]));
    const mxf = folder.path('tape.mxf');
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=25:duration=2'];
    runEncoder([...source, '-c:v', 'mpeg2video', '-q:v', '2', mxf]);
    const page = await browser.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await pickFiles(page, en.media.choose, [tiff, pdf, mxf]);
    const ratios: number[] = [];
    for (const name of ['scan.tif', 'page.pdf', 'tape.mxf']) {
      await thumbnail(page, name).click();
      const [width, height] = await previewSize(page, name);
      ratios.push(width / height);
      expect(width).toBeGreaterThan(100);
    }

    const { width, height } = await sharp(tiff).metadata();
    expect(ratios[0]).toBeCloseTo(width / height, 1);
    expect(ratios[1]).toBeCloseTo(4 / 3, 1);
    expect(ratios[2]).toBeCloseTo(4 / 3, 1);
    folder.remove();
  });

  it('captions an image and shows its tiles', async () => {
    const page = await browser.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'meadow.jpg');
    await writeCaptions(page);
    await caption(page, 'en', /butterfly|snail|mushroom/).waitFor();
    const tiles = page.getByRole('img', { name: en.report.tiles(5) });
    await page.getByText(en.report.tiles(5)).first().waitFor();
    await page.getByLabel(en.report.showTiles).check();
    await tiles.waitFor();
    await page.getByRole('heading', { name: en.report.timeTitle }).waitFor();
    await page.getByLabel(en.report.showTiles).uncheck();

    await tiles.waitFor({ state: 'detached' });
  });

  it('answers a question with token probabilities', async () => {
    const page = await browser.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'owl-and-guitar.jpg');
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.settings, { exact: true }).click();
    await page.getByLabel(en.ask.tokens).check();
    await ask(page, 'What is on the left?');
    await page
      .getByLabel(en.ask.log)
      .getByRole('button', { name: /owl|ow/ })
      .first()
      .waitFor();
  });

  itWithFfmpeg('captions the shots of a video', async () => {
    const page = await browser.open(service.url);
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'three-shots.mp4');
    await page.getByLabel(en.captions.granularity).selectOption(en.captions.granularities.shot);
    await writeCaptions(page);

    await button(page, en.captions.downloadVtt('English')).waitFor();
    const segments = page.getByRole('article').getByRole('listitem');
    expect(await segments.count()).toBe(3);
    for (const text of await segments.locator('p[lang="en"]').allInnerTexts()) {
      expect(text).toMatch(/\w{3}/);
    }
    await page.getByText(en.report.tokensPerSegment).waitFor();
  });
});

describeWithChromium('the page of a killed service', () => {
  const browser = useBrowser();
  let service: Service;

  beforeAll(async () => {
    service = await startService();
    await service.waitUntilReady();
  });
  afterAll(() => service.stop());

  it('keeps its texts, and continues when the service is back', async () => {
    const page = await browser.open(service.url, { expected: /Failed to load resource/ });
    page.setDefaultTimeout(WAIT_MS);
    await addSamples(page, 'fox.png');
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await button(page, en.languages.all).click();
    await button(page.getByRole('tabpanel'), en.languages.change).click();
    await page.getByLabel(en.captions.kind).selectOption(en.captions.kinds.long);
    await writeCaptions(page);
    // The first of 35 languages.
    await caption(page, 'ca', /./).waitFor();
    service.process.kill('SIGKILL');

    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.interrupted).waitFor();
    await caption(page, 'ca', /./).waitFor();

    service = await startService({ PORT: new URL(service.url).port });
    await service.waitUntilReady();
    await button(alert, en.errors.retry).click();
    await caption(page, 'uk', /./).waitFor();
    await alert.waitFor({ state: 'detached' });
  });
});

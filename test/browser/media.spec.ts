import sharp from 'sharp';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { en } from '../../src/web/page/locales/en.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  button,
  preview,
  previewSize,
  thumbnail,
  writeCaptions,
} from './support/page-actions.js';
import { dropFiles, pastePng, pickFiles, samplePath } from './support/add-files.js';

describeWithChromium('images and videos on the page', () => {
  const browser = useBrowser();
  const app = useApp();

  it('are added by the file dialog', async () => {
    const page = await browser.open(app.url);
    await pickFiles(page, en.media.choose, [samplePath('fox.png')]);

    await preview(page, 'fox.png').waitFor();
  });

  it('are added by drag and drop, several at once', async () => {
    const page = await browser.open(app.url);
    await dropFiles(page, [samplePath('fox.png'), samplePath('penguin.webp')]);

    await thumbnail(page, 'fox.png').waitFor();
    await thumbnail(page, 'penguin.webp').click();
    await preview(page, 'penguin.webp').waitFor();
  });

  it('are added from the clipboard', async () => {
    const page = await browser.open(app.url);
    await pastePng(page, samplePath('fox.png'));

    await preview(page, 'image.png').waitFor();
  });

  it('are added from the samples', async () => {
    const page = await browser.open(app.url);
    await button(page, en.media.useSample('fruit.webp')).click();

    await preview(page, 'fruit.webp').waitFor();
  });

  it('can be removed one by one and all at once', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png', 'penguin.webp', 'fruit.webp');
    await button(page, en.media.remove('penguin.webp')).click();
    await thumbnail(page, 'penguin.webp').waitFor({ state: 'detached' });
    await thumbnail(page, 'fox.png').waitFor();
    await button(page, en.media.clear).click();

    await button(page, en.media.choose).waitFor();
    expect(await thumbnail(page, 'fox.png').count()).toBe(0);
  });

  it('are shown upright', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'harbour-turned.jpg');
    const { width, height } = (await preview(page, 'harbour-turned.jpg').boundingBox())!;

    expect(width / height).toBeCloseTo(300 / 420, 1);
  });

  it('exclude other files with a message', async () => {
    const page = await browser.open(app.url);
    await dropFiles(page, [samplePath('SOURCES.md'), samplePath('fox.png')]);

    await page.getByText(en.media.unknownKind('SOURCES.md')).waitFor();
    await thumbnail(page, 'fox.png').waitFor();
  });

  it('are limited to eight', async () => {
    const page = await browser.open(app.url);
    await dropFiles(page, Array<string>(9).fill(samplePath('fox.png')));

    await page.getByText(en.media.tooMany(8), { exact: true }).waitFor();
    expect(await thumbnail(page, 'fox.png').count()).toBe(8);
  });

  it('have thumbnails of the whole image', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'meadow.jpg');
    const image = thumbnail(page, 'meadow.jpg').locator('img');

    expect(await image.evaluate((element) => getComputedStyle(element).objectFit)).toBe('contain');
  });

  it('are shown by the service if the browser cannot', async () => {
    app.inspector.thumbnail = await sharp(samplePath('fox.png')).webp().toBuffer();
    const folder = createTemporaryFolder();
    const page = await browser.open(app.url);
    await pickFiles(page, en.media.choose, [folder.write('scan.tif', 'a TIFF for the fake')]);
    const { width, height } = await sharp(samplePath('fox.png')).metadata();

    expect(await previewSize(page, 'scan.tif')).toEqual([width, height]);
    expect(await thumbnail(page, 'scan.tif').locator('img').getAttribute('src')).toMatch(/^blob:/);
    expect(await page.getByText(en.media.noPreview, { exact: true }).count()).toBe(0);
    folder.remove();
  });

  it('are said to be unreadable only if the service cannot read them either', async () => {
    const failure = new SalamandraError('UNSUPPORTED_MEDIA_TYPE', 'The file is not a TIFF.');
    app.engine.failure = failure;
    app.inspector.thumbnail = failure;
    const folder = createTemporaryFolder();
    const page = await browser.open(app.url, { expected: /Failed to load resource/ });
    await pickFiles(page, en.media.choose, [folder.write('scan.tif', 'not a TIFF')]);
    await page.getByText(en.media.unreadable, { exact: true }).waitFor();
    await writeCaptions(page);

    const text = en.errors.byCode['UNSUPPORTED_MEDIA_TYPE']!;
    await page.getByRole('alert').getByText(text, { exact: true }).waitFor();
    await page.getByRole('alert').getByText('The file is not a TIFF.').waitFor();
    folder.remove();
  });

  it.each(['rabbit-enters.webm', 'three-shots.mp4'])(
    'show the frames of the video %s before the first run',
    async (name) => {
      const page = await browser.open(app.url);
      await addSamples(page, name);
      const strip = page.getByRole('list', { name: en.media.frames });
      await strip.waitFor();
      await page.waitForFunction(areAllPainted, en.media.frames);

      expect(await strip.getByRole('listitem').count()).toBe(8);
    },
  );
});

/** Whether every canvas of the frame strip is painted and they are not all equal. Runs in the page. */
function areAllPainted(label: string): boolean {
  const frames = [
    ...document.querySelectorAll<HTMLCanvasElement>(`[aria-label="${label}"] canvas`),
  ];
  const sums = frames.map((frame) => {
    // A copy with `willReadFrequently`, because the browser warns about reading other canvases.
    const copy = new OffscreenCanvas(frame.width, frame.height);
    const context = copy.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(frame, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    return data.reduce((sum, value) => sum + value, 0);
  });
  return !sums.includes(0) && new Set(sums).size > 1;
}

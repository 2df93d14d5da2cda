import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, button, preview, thumbnail } from './page-parts.js';
import { dropFiles, pastePng, pickFiles, samplePath } from './sample-files.js';

describeWithChromium('pictures and clips on the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('come from the file dialog', async () => {
    const page = await harness.open(app.url);
    await pickFiles(page, en.tray.choose, [samplePath('fox.png')]);

    await preview(page, 'fox.png').waitFor();
  });

  it('come by drop, several at once', async () => {
    const page = await harness.open(app.url);
    await dropFiles(page, [samplePath('fox.png'), samplePath('penguin.webp')]);

    await thumbnail(page, 'fox.png').waitFor();
    await thumbnail(page, 'penguin.webp').click();
    await preview(page, 'penguin.webp').waitFor();
  });

  it('come from the clipboard', async () => {
    const page = await harness.open(app.url);
    await pastePng(page, samplePath('fox.png'));

    await preview(page, 'image.png').waitFor();
  });

  it('come from the samples', async () => {
    const page = await harness.open(app.url);
    await button(page, en.tray.useSample('fruit.webp')).click();

    await preview(page, 'fruit.webp').waitFor();
  });

  it('go again, one by one or all', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png', 'penguin.webp', 'fruit.webp');
    await button(page, en.tray.remove('penguin.webp')).click();
    await thumbnail(page, 'penguin.webp').waitFor({ state: 'detached' });
    await thumbnail(page, 'fox.png').waitFor();
    await button(page, en.tray.clear).click();

    await button(page, en.tray.choose).waitFor();
    expect(await thumbnail(page, 'fox.png').count()).toBe(0);
  });

  it('are shown upright', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'harbour-turned.jpg');
    const { width, height } = (await preview(page, 'harbour-turned.jpg').boundingBox())!;

    expect(width / height).toBeCloseTo(300 / 420, 1);
  });

  it('are told apart by kind, and neither is refused with a word', async () => {
    const page = await harness.open(app.url);
    await dropFiles(page, [samplePath('SOURCES.md'), samplePath('fox.png')]);

    await page.getByText(en.tray.unknownKind('SOURCES.md')).waitFor();
    await thumbnail(page, 'fox.png').waitFor();
  });

  it('are eight at most', async () => {
    const page = await harness.open(app.url);
    await dropFiles(page, Array<string>(9).fill(samplePath('fox.png')));

    await page.getByText(en.tray.tooMany(8)).waitFor();
    expect(await thumbnail(page, 'fox.png').count()).toBe(8);
  });

  it.each(['rabbit-enters.webm', 'three-shots.mp4'])(
    'show the frames of the clip %s before any work',
    async (name) => {
      const page = await harness.open(app.url);
      await addSamples(page, name);
      const strip = page.getByRole('list', { name: en.tray.frames });
      await strip.waitFor();
      await page.waitForFunction(areAllPainted, en.tray.frames);

      expect(await strip.getByRole('listitem').count()).toBe(8);
    },
  );
});

/** Whether every canvas of the list of frames shows something, and not all the same. Runs in the page. */
function areAllPainted(label: string): boolean {
  const frames = [
    ...document.querySelectorAll<HTMLCanvasElement>(`[aria-label="${label}"] canvas`),
  ];
  const sums = frames.map((frame) => {
    // A copy: the browser warns about a canvas that is read often without having been made for it.
    const copy = new OffscreenCanvas(frame.width, frame.height);
    const context = copy.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(frame, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    return data.reduce((sum, value) => sum + value, 0);
  });
  return !sums.includes(0) && new Set(sums).size > 1;
}

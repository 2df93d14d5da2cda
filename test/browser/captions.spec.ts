import { readFileSync } from 'node:fs';

import { en } from '../../src/web/page/locales/en.js';
import { parseWebVtt } from '../http/parse-webvtt.js';
import { poll } from '../setup/poll.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import {
  addSamples,
  button,
  chooseLanguages,
  copied,
  thumbnail,
  writeCaptions,
  written,
} from './page-parts.js';

/** Of `three-shots.mp4`. */
const SHOTS = [0, 2.5, 5].map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 2.5 }));

describeWithChromium('captions on the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('appear as they are written, in every language asked for', async () => {
    app.engine.texts = ['una guineu a la neu', 'azeria elurretan'];
    const goOn = app.engine.pause();
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);

    await written(page, 'ca', /^una\s*$/).waitFor();
    expect(await written(page, 'ca', 'guineu').count()).toBe(0);
    goOn();
    await written(page, 'ca', 'una guineu a la neu').waitFor();
    await written(page, 'eu', 'azeria elurretan').waitFor();
    await button(page, en.captions.stop).waitFor({ state: 'detached' });
    expect(app.engine.requests).toMatchObject([{ media: [{ kind: 'image' }], detail: 'auto' }]);
  });

  it('stop when they are told to, and keep what had come', async () => {
    app.engine.pause();
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await written(page, 'en', /^a\s*$/).waitFor();
    await button(page, en.captions.stop).click();

    await page.getByText(en.captions.stopped, { exact: true }).waitFor();
    expect(await written(page, 'en', /^a\s*$/).count()).toBe(1);
    await poll(() => app.engine.signals[0]?.aborted || undefined);
  });

  it('are written for several pictures, and stay with each', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png', 'penguin.webp');
    await button(page, en.captions.writeAll(2)).click();
    await poll(() => app.engine.requests[1]);
    await thumbnail(page, 'fox.png').click();
    await written(page, 'en', 'a fox in the snow').waitFor();
    await thumbnail(page, 'penguin.webp').click();

    await written(page, 'en', 'a fox in the snow').waitFor();
  });

  it('can be copied, one by one and all as JSON', async () => {
    app.engine.texts = ['una guineu a la neu', 'azeria elurretan'];
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);
    await written(page, 'eu', 'azeria elurretan').waitFor();

    expect(await copied(page, en.captions.copy('euskara'))).toBe('azeria elurretan');
    expect(JSON.parse(await copied(page, en.captions.copyJson))).toMatchObject({
      file: 'fox.png',
      model: 'fake',
      kind: 'caption',
      captions: [
        { language: 'ca', text: 'una guineu a la neu' },
        { language: 'eu', text: 'azeria elurretan' },
      ],
    });
  });

  it('of a clip are shown with the frames that were looked at', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'rabbit-enters.webm');
    await writeCaptions(page);
    await written(page, 'en', 'a fox in the snow').waitFor();

    // The engine of this test looked at two.
    const strip = page.getByRole('list', { name: en.tray.frames });
    await poll(async () => (await strip.getByRole('listitem').count()) === 2 || undefined);
    await page.getByText(en.seen.frames(2, 8)).waitFor();
  });

  it('of the shots of a clip can be had as a track', async () => {
    app.inspector.shots = SHOTS;
    app.inspector.outline = { ...app.inspector.outline, durationSeconds: 7.5 };
    const page = await harness.open(app.url);
    await addSamples(page, 'three-shots.mp4');
    await page.getByLabel(en.captions.granularity).selectOption(en.captions.granularities.shot);
    await writeCaptions(page);
    await poll(() => app.engine.requests[2]);
    const download = page.waitForEvent('download');
    await button(page, en.captions.downloadVtt('English')).click();
    const file = await download;
    const { header, cues } = parseWebVtt(readFileSync(await file.path(), 'utf8'));

    expect(file.suggestedFilename()).toMatch(/^three-shots.*\.vtt$/);
    expect(header).toMatchObject({ Language: 'en' });
    expect(cues).toMatchObject(SHOTS.map((shot) => ({ ...shot, text: 'a fox in the snow' })));
  });

  it('remember what was chosen', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'galego', 'Gaeilge');
    await page.getByLabel(en.captions.kind).selectOption(en.captions.kinds.alt);
    await page.reload();
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await written(page, 'gl', 'a fox in the snow').waitFor();
    await written(page, 'ga', 'a fox in the snow').waitFor();

    expect(app.engine.requests[0]?.conversations).toHaveLength(2);
  });
});

import { readFileSync } from 'node:fs';

import { en } from '../../src/web/page/locales/en.js';
import { parseWebVtt } from '../http/parse-webvtt.js';
import { poll } from '../setup/poll.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  button,
  chooseLanguages,
  copyWith,
  thumbnail,
  waitUntilReady,
  writeCaptions,
  caption,
} from './support/page-actions.js';

/** The shots of `three-shots.mp4`. */
const SHOTS = [0, 2.5, 5].map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 2.5 }));

describeWithChromium('captions on the page', () => {
  const browser = useBrowser();
  const app = useApp();

  it('are streamed in every requested language', async () => {
    app.engine.texts = ['una guineu a la neu', 'azeria elurretan'];
    const resume = app.engine.pause();
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);

    await caption(page, 'ca', /^una\s*$/).waitFor();
    expect(await caption(page, 'ca', 'guineu').count()).toBe(0);
    resume();
    await caption(page, 'ca', 'una guineu a la neu').waitFor();
    await caption(page, 'eu', 'azeria elurretan').waitFor();
    await button(page, en.captions.stop).waitFor({ state: 'detached' });
    expect(app.engine.requests).toMatchObject([{ media: [{ kind: 'image' }], detail: 'auto' }]);
  });

  it('can be stopped, and keep their text', async () => {
    app.engine.pause();
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'en', /^a\s*$/).waitFor();
    await button(page, en.captions.stop).click();

    await page.getByText(en.captions.stopped, { exact: true }).waitFor();
    expect(await caption(page, 'en', /^a\s*$/).count()).toBe(1);
    await poll(() => app.engine.signals[0]?.aborted || undefined);
  });

  it('are written for several images, and stay with each', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png', 'penguin.webp');
    await thumbnail(page, 'fox.png').click();
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();
    app.engine.texts = ['a penguin'];
    await thumbnail(page, 'penguin.webp').click();
    await writeCaptions(page);
    await caption(page, 'en', 'a penguin').waitFor();
    await thumbnail(page, 'fox.png').click();
    await caption(page, 'en', 'a fox in the snow').waitFor();
    app.engine.texts = ['an owl'];
    await button(page, en.captions.writeAll(2)).click();
    await poll(() => app.engine.requests[3]);
    await caption(page, 'en', 'an owl').waitFor();
    await thumbnail(page, 'penguin.webp').click();

    await caption(page, 'en', 'an owl').waitFor();
    expect(app.engine.requests).toHaveLength(4);
  });

  it('can be copied one by one and as JSON', async () => {
    app.engine.texts = ['una guineu a la neu', 'azeria elurretan'];
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);
    await caption(page, 'eu', 'azeria elurretan').waitFor();

    expect(await copyWith(page, en.captions.copy('euskara'))).toBe('azeria elurretan');
    expect(JSON.parse(await copyWith(page, en.captions.copyJson))).toMatchObject({
      file: 'fox.png',
      model: 'fake',
      kind: 'caption',
      captions: [
        { language: 'ca', text: 'una guineu a la neu' },
        { language: 'eu', text: 'azeria elurretan' },
      ],
    });
  });

  it('of a video are shown with the sampled frames', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'rabbit-enters.webm');
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();

    // The fake engine samples two frames.
    const strip = page.getByRole('list', { name: en.media.frames });
    await poll(async () => (await strip.getByRole('listitem').count()) === 2 || undefined);
    await page.getByText(en.report.frames(2, 8)).waitFor();
  });

  it('of the shots of a video can be downloaded as a WebVTT track', async () => {
    app.inspector.shots = SHOTS;
    app.inspector.metadata = { ...app.inspector.metadata, durationSeconds: 7.5 };
    const page = await browser.open(app.url);
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

  it('keep the options after a reload', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'galego', 'Gaeilge');
    await page.getByLabel(en.captions.kind).selectOption(en.captions.kinds.alt);
    await page.reload();
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'gl', 'a fox in the snow').waitFor();
    await caption(page, 'ga', 'a fox in the snow').waitFor();

    expect(app.engine.requests[0]?.conversations).toHaveLength(2);
  });

  it('are shown with the text that the token count belongs to', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await page.getByText(en.report.tokensOfText('English', 1), { exact: true }).waitFor();
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);

    await page.getByText(en.report.tokensOfText('català', 2), { exact: true }).waitFor();
  });

  it('have a mark of the demo model in every language', async () => {
    const model = { ...(await app.engine.describe()), id: 'demo' };
    app.engine.nextStatus = { state: 'ready', model };
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await chooseLanguages(page, 'català', 'euskara');
    await writeCaptions(page);
    await caption(page, 'eu', 'a fox in the snow').waitFor();
    const marks = page.getByRole('article').getByText(en.demo.label, { exact: true });

    expect(await marks.count()).toBe(2);
    expect(await marks.first().getAttribute('title')).toBe(en.demo.text);
  });

  it('have no mark of another model', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();

    expect(await page.getByText(en.demo.label).count()).toBe(0);
  });

  it('can be requested in all languages, whose chips are shown or counted', async () => {
    const page = await browser.open(app.url);
    await waitUntilReady(page);
    const panel = page.getByRole('tabpanel');
    const chips = panel.getByRole('list', { name: en.languages.title }).getByRole('listitem');
    await button(panel, en.languages.change).click();
    await button(panel, en.languages.all).click();
    await button(panel, en.languages.change).click();
    await button(panel, en.languages.showAll(35)).waitFor();
    expect(await chips.count()).toBe(8);
    await button(panel, en.languages.showAll(35)).click();
    await button(panel, en.languages.showFewer).waitFor();
    expect(await chips.count()).toBe(35);
    expect(await chips.last().evaluate(isClipped)).toBe(false);
    await button(panel, en.languages.showFewer).click();
    await button(panel, en.languages.showAll(35)).waitFor();

    expect(await chips.count()).toBe(8);
  });
});

/** Whether an ancestor of the element cuts it off. Runs in the page. */
function isClipped(element: Element): boolean {
  const { bottom } = element.getBoundingClientRect();
  for (let parent = element.parentElement; parent; parent = parent.parentElement) {
    const { overflowY } = getComputedStyle(parent);
    if (overflowY !== 'visible' && parent.getBoundingClientRect().bottom < bottom) return true;
  }
  return false;
}

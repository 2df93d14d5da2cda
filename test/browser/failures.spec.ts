import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import {
  addSamples,
  answered,
  ask,
  button,
  writeCaptions,
  written,
  waitUntilReady,
} from './page-parts.js';
import { pickFiles } from './sample-files.js';

/** Chromium reports every response of an error on the console. */
const FAILED_RESPONSE = /Failed to load resource/;

describeWithChromium('failures on the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  it.each([
    ['UNSUPPORTED_MEDIA_TYPE', en.errors.byCode['UNSUPPORTED_MEDIA_TYPE']!],
    ['PAYLOAD_TOO_LARGE', en.errors.byCode['PAYLOAD_TOO_LARGE']!],
    ['CONTEXT_LENGTH_EXCEEDED', en.errors.byCode['CONTEXT_LENGTH_EXCEEDED']!],
    ['INTERNAL', en.errors.unknown],
  ] as const)('say in plain words what %s means', async (code, words) => {
    app.engine.failure = new SalamandraError(code, 'What the service says itself.');
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);

    await page.getByRole('alert').getByText(words).waitFor();
  });

  it('say that a picture is too large before or after it was sent', async () => {
    const folder = createTemporaryFolder();
    const large = folder.write('large.png', Buffer.alloc(26_000_000));
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await pickFiles(page, en.tray.choose, [large]);
    await writeCaptions(page);

    await page.getByRole('alert').getByText(en.errors.byCode['PAYLOAD_TOO_LARGE']!).waitFor();
    folder.remove();
  });

  it('can be tried again', async () => {
    app.engine.failure = new SalamandraError('QUEUE_FULL', 'Too many requests are waiting.');
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.byCode['QUEUE_FULL']!).waitFor();
    app.engine.failure = undefined;
    await button(alert, en.errors.retry).click();

    await written(page, 'en', 'a fox in the snow').waitFor();
    await alert.waitFor({ state: 'detached' });
  });

  it('keep what had come, of captions', async () => {
    app.engine.interruption = new SalamandraError('DEADLINE_EXCEEDED', 'It took too long.');
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);

    await page.getByRole('alert').getByText(en.errors.byCode['DEADLINE_EXCEEDED']!).waitFor();
    await written(page, 'en', /^a\s*$/).waitFor();
  });

  it('keep what had come, of answers, and ask again', async () => {
    app.engine.interruption = new SalamandraError('MODEL_NOT_READY', 'The model ended.');
    const page = await harness.open(app.url);
    await ask(page, 'What is this?');
    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.byCode['MODEL_NOT_READY']!).waitFor();
    await answered(page, /^a\s*$/).waitFor();
    app.engine.interruption = undefined;
    await button(alert, en.errors.retry).click();

    await answered(page, 'a fox in the snow').waitFor();
  });

  it('of the service in the middle of a text are told, and it is found again when it is back', async () => {
    app.engine.pause();
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await written(page, 'en', /^a\s*$/).waitFor();
    await app.stop();

    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.interrupted).waitFor();
    await written(page, 'en', /^a\s*$/).waitFor();
    await button(alert, en.errors.retry).click();
    await alert.getByText(en.errors.offline).waitFor();

    app.engine.pause()();
    await app.restart();
    await button(alert, en.errors.retry).click();
    await written(page, 'en', 'a fox in the snow').waitFor();
  });

  it('of the service are noticed without any work, and their end too', async () => {
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await waitUntilReady(page);
    await app.stop();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText(en.service.unreachable).waitFor();
    await app.restart();
    await button(page, en.service.tryNow).click();

    await page.getByText(en.service.unreachable).waitFor({ state: 'detached' });
  });

  it('of the network are told', async () => {
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await waitUntilReady(page);
    await page.context().setOffline(true);
    await page.getByText(en.service.offline).waitFor();
    await page.context().setOffline(false);

    await page.getByText(en.service.offline).waitFor({ state: 'detached' });
  });

  it('of the model to load yet are told with its step', async () => {
    app.engine.nextStatus = { state: 'loading', progress: { step: 'loading' } };
    const page = await harness.open(app.url, { expected: FAILED_RESPONSE });
    await page.getByText(en.service.loading(en.service.steps['loading']!)).waitFor();
    app.engine.nextStatus = { state: 'ready', model: await app.engine.describe() };

    await waitUntilReady(page);
  });

  it('are none where somebody cancelled an upload', async () => {
    const folder = createTemporaryFolder();
    const large = folder.write('large.png', Buffer.alloc(20_000_000, 1));
    const page = await harness.open(app.url);
    await slowDown(page, 1_000_000);
    await pickFiles(page, en.tray.choose, [large]);
    await writeCaptions(page);
    await page.getByText(/^Uploading, [1-9]\d? %/).waitFor();
    await button(page, en.upload.cancel).click();

    await button(page, en.captions.write).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(app.engine.requests).toEqual([]);
    folder.remove();
  });
});

/** Gives the page a network that takes so many bytes a second. */
async function slowDown(page: Page, uploadThroughput: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput };
  await session.send('Network.emulateNetworkConditions', conditions);
}

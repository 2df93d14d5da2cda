import type { Page } from 'playwright-core';

import { en } from '../../src/web/page/locales/en.js';
import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import {
  addSamples,
  answer,
  ask,
  button,
  writeCaptions,
  caption,
  waitUntilReady,
} from './support/page-actions.js';
import { pickFiles } from './support/add-files.js';

/** Chromium logs every error response to the console. */
const FAILED_RESPONSE = /Failed to load resource/;

describeWithChromium('errors on the page', () => {
  const browser = useBrowser();
  const app = useApp();

  it.each([
    ['UNSUPPORTED_MEDIA_TYPE', {}, textOf('UNSUPPORTED_MEDIA_TYPE')],
    [
      'MEDIA_TOO_LARGE',
      { measure: 'pixels', value: 54_000_000, limit: 50_000_000 },
      textOf('MEDIA_TOO_LARGE', '54,000,000 pixels, limit: 50,000,000 pixels'),
    ],
    [
      'CONTEXT_LENGTH_EXCEEDED',
      { tokens: 9_000, maxTokens: 8_192 },
      textOf('CONTEXT_LENGTH_EXCEEDED', '9,000 tokens, limit: 8,192 tokens'),
    ],
    ['STORAGE_FULL', {}, textOf('STORAGE_FULL')],
  ] as const)('describe %s with %j and the remedy', async (code, details, text) => {
    app.engine.failure = new SalamandraError(code, 'Detail of the service.', { details });
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);

    const alert = page.getByRole('alert');
    await alert.getByText(text, { exact: true }).waitFor();
    await alert.getByText('Detail of the service.').waitFor();
  });

  it('name the size of a file that is too large, and the limit', async () => {
    const folder = createTemporaryFolder();
    const bytes = Buffer.alloc(101_000_000);
    bytes.write('\x89PNG\r\n\x1a\n', 'latin1');
    const large = folder.write('large.png', bytes);
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await pickFiles(page, en.media.choose, [large]);
    await writeCaptions(page);

    const text = textOf('PAYLOAD_TOO_LARGE', '101 MB, limit: 100 MB');
    await page.getByRole('alert').getByText(text, { exact: true }).waitFor();
    folder.remove();
  });

  it('offer a retry', async () => {
    app.engine.failure = new SalamandraError('QUEUE_FULL', 'Too many requests are waiting.');
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    const alert = page.getByRole('alert');
    await alert.getByText(textOf('QUEUE_FULL')).waitFor();
    app.engine.failure = undefined;
    await button(alert, en.errors.retry).click();

    await caption(page, 'en', 'a fox in the snow').waitFor();
    await alert.waitFor({ state: 'detached' });
  });

  it('keep the text of captions', async () => {
    app.engine.interruption = new SalamandraError('DEADLINE_EXCEEDED', 'It took too long.');
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);

    await page.getByRole('alert').getByText(textOf('DEADLINE_EXCEEDED')).waitFor();
    await caption(page, 'en', /^a\s*$/).waitFor();
  });

  it('keep the text of an answer and offer a retry', async () => {
    app.engine.interruption = new SalamandraError('MODEL_NOT_READY', 'The model ended.');
    const page = await browser.open(app.url);
    await ask(page, 'What is this?');
    const alert = page.getByRole('alert');
    await alert.getByText(textOf('MODEL_NOT_READY')).waitFor();
    await answer(page, /^a\s*$/).waitFor();
    app.engine.interruption = undefined;
    await button(alert, en.errors.retry).click();

    await answer(page, 'a fox in the snow').waitFor();
  });

  it('include a lost connection, and a retry succeeds when the service is back', async () => {
    app.engine.pause();
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'en', /^a\s*$/).waitFor();
    await app.stop();

    const alert = page.getByRole('alert');
    await alert.getByText(en.errors.interrupted).waitFor();
    await caption(page, 'en', /^a\s*$/).waitFor();
    await button(alert, en.errors.retry).click();
    await alert.getByText(en.errors.offline).waitFor();

    app.engine.pause()();
    await app.restart();
    await button(alert, en.errors.retry).click();
    await caption(page, 'en', 'a fox in the snow').waitFor();
  });

  it('include an unreachable service without any request of the user', async () => {
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await page.clock.install();
    await page.reload();
    await waitUntilReady(page);
    await app.stop();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText(en.service.unreachable).waitFor();
    // Without timers, only the button checks the service again: an automatic check would remove it before the click.
    const lastCheck = page.waitForEvent('requestfailed');
    await page.clock.pauseAt(Date.now() + 60_000);
    await lastCheck;
    await app.restart();
    await button(page, en.service.tryNow).click();

    await page.getByText(en.service.unreachable).waitFor({ state: 'detached' });
  });

  it('include an offline device', async () => {
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await waitUntilReady(page);
    await page.context().setOffline(true);
    await page.getByText(en.service.offline).waitFor();
    await page.context().setOffline(false);

    await page.getByText(en.service.offline).waitFor({ state: 'detached' });
  });

  it('include a model that is loading, with its step', async () => {
    app.engine.nextStatus = { state: 'loading', progress: { step: 'loading' } };
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await page.getByText(en.service.loading(en.service.steps['loading']!)).waitFor();
    app.engine.nextStatus = { state: 'ready', model: await app.engine.describe() };

    await waitUntilReady(page);
  });

  it('describe an internal error without a text of its own', async () => {
    app.engine.failure = new SalamandraError('INTERNAL', 'Detail of the service.');
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    await addSamples(page, 'fox.png');
    await writeCaptions(page);

    await page.getByRole('alert').getByText(en.errors.unknown, { exact: true }).waitFor();
  });

  it('include a missing model, with the reason of the service', async () => {
    const reason = 'The model 7b-vision is not installed.';
    app.engine.nextStatus = {
      state: 'failed',
      error: new SalamandraError('MODEL_NOT_FOUND', reason),
    };
    const page = await browser.open(app.url, { expected: FAILED_RESPONSE });
    const banner = page.getByRole('status').filter({ hasText: en.service.failed });
    await banner.getByText(reason).waitFor();
    await addSamples(page, 'fox.png');
    const panel = page.getByRole('tabpanel', { name: en.tabs.captions });
    const text = await panel.innerText();

    expect(text).toContain(en.languages.unknown);
    expect(text).toContain(reason);
    expect(text).not.toContain(en.languages.chosen(0));
    expect(text).not.toContain(en.languages.needOne);
    expect(await button(panel, en.captions.write).isDisabled()).toBe(true);
  });

  it('do not include a cancelled upload', async () => {
    const folder = createTemporaryFolder();
    const large = folder.write('large.png', Buffer.alloc(20_000_000, 1));
    const page = await browser.open(app.url);
    await limitUpload(page, 1_000_000);
    await pickFiles(page, en.media.choose, [large]);
    await writeCaptions(page);
    await page.getByText(/^Uploading: [1-9]\d?%/).waitFor();
    await button(page, en.upload.cancel).click();

    await button(page, en.captions.write).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(app.engine.requests).toEqual([]);
    folder.remove();
  });
});

/** The text of an error code with value and limit. */
function textOf(code: string, facts?: string): string {
  const text = en.errors.byCode[code];
  if (text === undefined) throw new Error(`The locale has no text for ${code}.`);
  return text.replace('{facts}', facts === undefined ? '' : ` (${facts})`);
}

/** Limits the upload of the page, in bytes per second. */
async function limitUpload(page: Page, uploadThroughput: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput };
  await session.send('Network.emulateNetworkConditions', conditions);
}

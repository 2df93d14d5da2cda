import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';

import { createApp } from '../../src/api/server.js';
import { createKey, revokeKey } from '../../src/keys/change-keys.js';
import { openKeyring } from '../../src/keys/keyring.js';
import { en } from '../../src/web/page/locales/en.js';
import { createFakeInspector } from '../fakes/fake-inspector.js';
import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { button, waitUntilReady } from './support/page-actions.js';
import { createStreamingEngine } from './support/streaming-engine.js';
import { describeWithChromium, useBrowser } from './support/use-browser.js';

/** Chromium logs every error response to the console. */
const FAILED_RESPONSE = /Failed to load resource/;

describeWithChromium('a service with API keys', () => {
  const browser = useBrowser();
  let folder: TemporaryFolder;
  let app: NestExpressApplication;
  let url: string;
  let key: string;

  beforeEach(async () => {
    folder = createTemporaryFolder();
    const limits = { requestsPerMinute: null, picturesPerDay: null, tokensPerDay: null };
    const record = { name: 'anna', scopes: ['admin' as const], limits, expires: null };
    key = await createKey(folder.path('home'), record);
    app = await createApp(createStreamingEngine(), {
      keys: openKeyring(folder.path('home')),
      videoInspector: createFakeInspector(),
    });
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    app.getHttpServer().closeAllConnections();
    await app.close();
    folder.remove();
  });

  it('asks for one, and keeps it over a reload until it is revoked', async () => {
    const page = await browser.open(url, { expected: FAILED_RESPONSE });
    const field = page.getByLabel(en.service.keyLabel);
    await field.fill('sk-wrong');
    await button(page, en.service.useKey).click();
    await page.getByRole('alert').getByText(en.service.wrongKey).waitFor();

    await field.fill(key);
    await button(page, en.service.useKey).click();
    await waitUntilReady(page);
    await page.reload();
    await waitUntilReady(page);
    expect(await page.evaluate(() => document.cookie)).toBe('');

    await revokeKey(folder.path('home'), 'anna');
    await page.reload();
    await field.waitFor();
  });
});

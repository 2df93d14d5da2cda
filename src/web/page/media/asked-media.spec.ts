import { jest } from '@jest/globals';

import { checkNow, seesMedia, serviceStatus } from '../service/service-status.js';
import { askedMedia } from './asked-media.js';
import { addFiles, clearMedia } from './tray.js';

/** A service with a model of these modalities; null: one that does not answer. */
async function meet(modalities: readonly string[] | null): Promise<void> {
  globalThis.fetch = (path) => {
    if (!modalities) return Promise.reject(new TypeError('fetch failed'));
    const model = { id: 'm', architecture: { input_modalities: modalities } };
    const data = path === '/v1/models' ? [model] : [];
    return Promise.resolve(new Response(JSON.stringify({ data })));
  };
  checkNow();
  await jest.advanceTimersByTimeAsync(1);
}

describe('what a question is about', () => {
  const { fetch } = globalThis;

  beforeEach(() => {
    jest.useFakeTimers();
    addFiles([new File(['x'], 'a.png', { type: 'image/png' })]);
  });

  afterEach(() => {
    jest.useRealTimers();
    globalThis.fetch = fetch;
    clearMedia();
  });

  it('is what the model sees, and the model before while the service is away', async () => {
    expect([seesMedia.value, askedMedia.value.length]).toEqual([true, 1]);

    await meet(['text']);
    expect([seesMedia.value, askedMedia.value.length]).toEqual([false, 0]);

    await meet(null);
    expect(serviceStatus.value.state).toBe('unreachable');
    expect([seesMedia.value, askedMedia.value.length]).toEqual([false, 0]);

    await meet(['text', 'image', 'video']);
    expect([seesMedia.value, askedMedia.value.length]).toEqual([true, 1]);
  });
});

import { jest } from '@jest/globals';

import { checkNow, modelSupportsMedia, serviceStatus } from '../service/service-status.js';
import { questionMedia } from './question-media.js';
import { addFiles, clearMedia, media, rejectedFiles } from './media-store.js';

/** Makes the page find a model with these input modalities. `null`: the service cannot be reached. */
async function connect(modalities: readonly string[] | null): Promise<void> {
  globalThis.fetch = (path) => {
    if (!modalities) return Promise.reject(new TypeError('fetch failed'));
    const model = { id: 'm', languages: ['en'], architecture: { input_modalities: modalities } };
    const data = path === 'v1/models' ? [model] : [];
    return Promise.resolve(new Response(JSON.stringify({ data })));
  };
  checkNow();
  await jest.advanceTimersByTimeAsync(1);
}

describe('the media of a question', () => {
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

  it('are the added files if the last known model accepts media', async () => {
    expect([modelSupportsMedia.value, questionMedia.value.length]).toEqual([true, 1]);

    await connect(['text']);
    expect([modelSupportsMedia.value, questionMedia.value.length]).toEqual([false, 0]);

    await connect(null);
    expect(serviceStatus.value.state).toBe('unreachable');
    expect([modelSupportsMedia.value, questionMedia.value.length]).toEqual([false, 0]);

    await connect(['text', 'image', 'video']);
    expect([modelSupportsMedia.value, questionMedia.value.length]).toEqual([true, 1]);
  });

  it('are no videos if the last known model takes none', async () => {
    const clip = () => new File(['x'], 'b.mp4', { type: 'video/mp4' });
    await connect(['text', 'image']);
    addFiles([clip()]);
    expect(media.value).toHaveLength(1);
    expect(rejectedFiles.value).toEqual([{ reason: 'noVideos', name: 'b.mp4' }]);

    await connect(['text', 'image', 'video']);
    addFiles([clip()]);
    expect(media.value).toHaveLength(2);
  });
});

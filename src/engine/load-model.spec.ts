import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { tinyManifest } from '../../test/tiny-model/tiny-package.js';
import type { ModelPackage } from '../models/package/model-package.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { createLocalEngine } from './local-engine.js';
import { loadModel } from './load-model.js';

const TOKENIZER = 'test/golden/tokenizer';
const folder = createTemporaryFolder();

afterAll(() => folder.remove());

/** A text-only package with a separate prefill graph. Its files do not exist. */
function createPackage(directory: string): ModelPackage {
  const tiny = tinyManifest();
  const decoder = { ...tiny.decoder, prefill: { kind: 'int8-rows' } as const };
  const manifest = { ...tiny, vision: null, decoder, files: {}, digest: '' };
  return { directory, manifest, filePath: (name) => folder.path(name) };
}

describe('loadModel', () => {
  it.each([
    ['a graph does not load', 'decoder', ['prefill']],
    ['the embeddings are missing', 'none', ['prefill', 'decoder', 'head']],
  ])('closes the loaded graphs if %s', async (_, broken, expected) => {
    const closed: string[] = [];
    const load = (graph: string): Promise<GraphSession> => {
      if (graph === broken) return Promise.reject(new Error('broken'));
      const close = () => Promise.resolve(void closed.push(graph));
      const run = () => Promise.resolve({});
      return Promise.resolve({ inputNames: [], outputNames: [], run, close });
    };

    await expect(loadModel(createPackage(TOKENIZER), load)).rejects.toThrow();

    expect(closed).toEqual(expected);
  });
});

describe('createLocalEngine', () => {
  it('closes the media decoder if the model does not load', async () => {
    let closed = 0;
    const mediaDecoder = {
      tile: () => Promise.reject(new Error('Unexpected call.')),
      sampleVideo: () => Promise.reject(new Error('Unexpected call.')),
      close: () => Promise.resolve(void (closed += 1)),
    };

    await expect(
      createLocalEngine(createPackage(folder.path('missing')), { threads: 1, mediaDecoder }),
    ).rejects.toMatchObject({ code: 'MODEL_INVALID' });

    expect(closed).toBe(1);
  });
});

import { tinyManifest } from '../../test/tiny-model/tiny-package.js';
import { loadTokenizer } from '../language/tokenizer.js';
import { describeCosts } from './model-costs.js';

const FOLDER = 'test/golden/tokenizer';
const MEDIA = { image: 6, video: 7 };
const manifest = { ...tinyManifest(), files: {}, digest: '' };

describe('describeCosts', () => {
  it('counts the longest caption prompt, without its image', async () => {
    const { instructionTokens } = describeCosts(manifest, await loadTokenizer(FOLDER, MEDIA));

    expect(instructionTokens).toBeGreaterThan(5);
  });
});

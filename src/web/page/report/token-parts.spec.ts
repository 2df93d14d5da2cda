import type { ImageReport } from '../service/api-types.js';
import { tokenParts } from './token-parts.js';

const media: ImageReport = {
  kind: 'image',
  width: 320,
  height: 240,
  tiles: 5,
  grid: { rows: 2, columns: 2 },
  detail: 'auto',
  visual_tokens: 224,
};

describe('tokenParts', () => {
  it('splits the context between picture, text, answer and the rest', () => {
    const usage = {
      prompt_tokens: 260,
      image_tokens: 224,
      cached_tokens: 240,
      completion_tokens: 12,
    };

    expect(tokenParts({ media, usage }, 1024)).toEqual({
      visual: 224,
      text: 36,
      answer: 12,
      used: 272,
      free: 752,
    });
  });

  it('knows the medium alone before a text has ended', () => {
    expect(tokenParts({ media, usage: null }, 1024)).toEqual({
      visual: 224,
      text: 0,
      answer: 0,
      used: 224,
      free: 800,
    });
  });

  it('has nothing left, rather than less than nothing', () => {
    const usage = {
      prompt_tokens: 900,
      image_tokens: 800,
      cached_tokens: 0,
      completion_tokens: 200,
    };

    expect(tokenParts({ media, usage }, 1024).free).toBe(0);
  });
});

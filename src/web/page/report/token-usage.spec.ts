import type { ImageReport } from '../service/api-types.js';
import { splitTokenUsage } from './token-usage.js';

const media: ImageReport = {
  kind: 'image',
  width: 320,
  height: 240,
  tiles: 5,
  grid: { rows: 2, columns: 2 },
  detail: 'auto',
  visual_tokens: 224,
  blank: false,
};

describe('splitTokenUsage', () => {
  it('splits the context into visual, text, output and free tokens', () => {
    const usage = {
      prompt_tokens: 260,
      image_tokens: 224,
      cached_tokens: 240,
      completion_tokens: 12,
    };

    expect(splitTokenUsage({ media, usage }, 1024)).toEqual({
      visual: 224,
      text: 36,
      output: 12,
      used: 272,
      free: 752,
    });
  });

  it('has visual tokens only before a text is finished', () => {
    expect(splitTokenUsage({ media, usage: null }, 1024)).toEqual({
      visual: 224,
      text: 0,
      output: 0,
      used: 224,
      free: 800,
    });
  });

  it('has no negative number of free tokens', () => {
    const usage = {
      prompt_tokens: 900,
      image_tokens: 800,
      cached_tokens: 0,
      completion_tokens: 200,
    };

    expect(splitTokenUsage({ media, usage }, 1024).free).toBe(0);
  });
});

import { selectBestResolution } from './plan-tiles.js';

const square = { width: 384, height: 384 };
const wide = { width: 768, height: 384 };
const tall = { width: 384, height: 768 };
const large = { width: 768, height: 768 };

describe('selectBestResolution', () => {
  it.each([
    ['a small image', { width: 100, height: 100 }, square],
    ['a wide image', { width: 800, height: 300 }, wide],
    ['a tall image', { width: 300, height: 800 }, tall],
    ['a large image', { width: 2000, height: 1500 }, large],
  ])('fits %s', (_, size, expected) => {
    expect(selectBestResolution(size, [square, wide, tall, large])).toBe(expected);
  });

  it('selects the first of equal pinpoints', () => {
    const again = { ...square };

    expect(selectBestResolution({ width: 50, height: 50 }, [again, square])).toBe(again);
    expect(selectBestResolution({ width: 500, height: 500 }, [tall, wide])).toBe(tall);
  });

  it('selects the smallest pinpoint for an image that is too thin for any', () => {
    expect(selectBestResolution({ width: 1, height: 2000 }, [large, tall, square])).toBe(square);
  });

  it('returns null for an empty list', () => {
    expect(selectBestResolution({ width: 10, height: 10 }, [])).toBeNull();
  });
});

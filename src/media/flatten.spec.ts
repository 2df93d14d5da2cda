import { flatten, isBlank } from './flatten.js';

/** One row of pixels. */
function row(...pixels: readonly (readonly [number, number, number, number])[]) {
  const data = Uint8Array.from(pixels.flat());
  return { width: pixels.length, height: 1, channels: 4, data } as const;
}

const CLEAR = [255, 255, 255, 0] as const;
const WHITE = [255, 255, 255, 255] as const;
const BLACK = [0, 0, 0, 255] as const;

describe('flatten', () => {
  it('composites on white as Pillow does', () => {
    // Python: Image.alpha_composite(Image.new('RGBA', (2, 1), 'white'), image) gives the same values.
    const { data } = flatten(row([200, 0, 0, 255], [200, 0, 0, 128], CLEAR));

    expect([...data]).toEqual([200, 0, 0, 227, 127, 127, 255, 255, 255]);
  });

  it('puts a white drawing on black', () => {
    const { data } = flatten(row(CLEAR, WHITE, [255, 255, 255, 128]));

    expect([...data]).toEqual([0, 0, 0, 255, 255, 255, 128, 128, 128]);
  });

  it('puts a drawing of which white would hide the larger part on black', () => {
    const { data } = flatten(row(CLEAR, WHITE, [250, 250, 250, 255], [250, 0, 0, 255]));

    expect([...data.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('puts a black and white drawing on the gray that shows both', () => {
    const { data } = flatten(row(CLEAR, WHITE, WHITE, BLACK));

    expect([...data]).toEqual([128, 128, 128, 255, 255, 255, 255, 255, 255, 0, 0, 0]);
  });

  it('keeps white for dark drawings and for colors', () => {
    expect(flatten(row(CLEAR, BLACK, WHITE)).data[0]).toBe(255);
    expect(flatten(row(CLEAR, [0, 128, 255, 255])).data[0]).toBe(255);
    expect(flatten(row(CLEAR, CLEAR)).data[0]).toBe(255);
  });

  it('drops the alpha of an opaque white page', () => {
    const { data } = flatten(row(WHITE, WHITE, WHITE, BLACK));

    expect([...data]).toEqual([...Array<number>(9).fill(255), 0, 0, 0]);
  });
});

describe('isBlank', () => {
  const image = (...values: number[]) => ({
    ...{ width: values.length / 3, height: 1 },
    data: Uint8Array.from(values),
  });

  it('accepts the noise of compression in a uniform color', () => {
    expect(isBlank(image(200, 90, 30, 200, 90, 30))).toBe(true);
    expect(isBlank(image(200, 90, 30, 204, 86, 34))).toBe(true);
  });

  it('sees a single pixel of another color', () => {
    expect(isBlank(image(255, 255, 255, 255, 255, 255, 255, 255, 230))).toBe(false);
  });
});

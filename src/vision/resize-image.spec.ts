import { drawTestImage } from '../../test/golden/vision-golden.js';
import { resizeImage } from './resize-image.js';

const CHANNELS = 3;

function gray(values: number[], width: number) {
  const data = Uint8Array.from(values.flatMap((value) => [value, value, value]));
  return { width, height: values.length / width, data };
}

function firstChannel(data: Uint8Array): number[] {
  return [...data].filter((_, index) => index % CHANNELS === 0);
}

describe('resizeImage', () => {
  it('keeps the pixels of an unchanged size', () => {
    const image = drawTestImage(17, 9, 'noise');

    expect(resizeImage(image, { width: 17, height: 9 }, 'bicubic')).toEqual(image);
  });

  it('averages with cubic weights when downscaling', () => {
    const edge = gray([0, 0, 0, 0, 255, 255, 255, 255], 8);

    // Python: Image.fromarray(np.uint8([[0]*4+[255]*4])).resize((4, 1), Image.BICUBIC)
    expect(firstChannel(resizeImage(edge, { width: 4, height: 1 }, 'bicubic').data)).toEqual([
      0, 17, 238, 255,
    ]);
  });

  it('clips the overshoot when upscaling', () => {
    const edge = gray([0, 0, 255, 255], 4);

    expect(firstChannel(resizeImage(edge, { width: 8, height: 1 }, 'bicubic').data)).toEqual([
      0, 0, 0, 52, 203, 255, 255, 255,
    ]);
  });

  it.each([
    ['bilinear', [3, 116, 199, 36, 119]],
    ['lanczos', [0, 128, 223, 20, 131]],
  ] as const)('weights with the filter %s as Pillow does', (filter, expected) => {
    const row = gray([0, 10, 200, 255, 3, 77, 140], 7);

    // Python: Image.fromarray(np.uint8([[0, 10, 200, 255, 3, 77, 140]])).resize((5, 1), filter)
    expect(firstChannel(resizeImage(row, { width: 5, height: 1 }, filter).data)).toEqual(expected);
  });

  it.each([
    [40, 30, 90, 71],
    [300, 200, 31, 90],
    [50, 40, 50, 17],
    [31, 900, 64, 12],
  ])(
    'computes a window of %ix%i to %ix%i equal to that part of the whole',
    (w, h, width, height) => {
      const image = drawTestImage(w, h, 'noise');
      const whole = resizeImage(image, { width, height }, 'bicubic');
      const columns = { start: 3, length: 20 };
      const rows = { start: 5, length: 6 };
      const window = resizeImage(image, { width, height }, 'bicubic', {
        window: { columns, rows },
      });

      const expected = Array.from({ length: 6 }, (_, y) => {
        const start = ((5 + y) * width + 3) * CHANNELS;
        return [...whole.data.subarray(start, start + 20 * CHANNELS)];
      });
      expect(window).toMatchObject({ width: 20, height: 6 });
      expect([...window.data]).toEqual(expected.flat());
    },
  );

  it.each([
    [1, 1, 98, 98],
    [1, 2000, 98, 98],
    [2000, 1, 98, 98],
    [98, 98, 1, 1],
    [3, 3, 1, 500],
  ])('keeps one color from %ix%i to %ix%i', (fromWidth, fromHeight, width, height) => {
    const data = new Uint8Array(fromWidth * fromHeight * CHANNELS).fill(137);
    const resized = resizeImage(
      { width: fromWidth, height: fromHeight, data },
      { width, height },
      'bicubic',
    );

    expect(resized.data).toHaveLength(width * height * CHANNELS);
    expect(resized.data.every((value) => value === 137)).toBe(true);
  });

  it('does not mix channels', () => {
    const data = Uint8Array.from({ length: 50 * 40 * CHANNELS }, (_, i) => [10, 120, 250][i % 3]!);
    const resized = resizeImage(
      { width: 50, height: 40, data },
      { width: 7, height: 90 },
      'bicubic',
    );

    expect([...resized.data].every((value, i) => value === [10, 120, 250][i % 3])).toBe(true);
  });
});

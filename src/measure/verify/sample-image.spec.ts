import { createHash } from 'node:crypto';

import { drawSampleImage } from './sample-image.js';

const { width, height, data } = drawSampleImage();
const at = (x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('drawSampleImage', () => {
  it('draws 400 x 300 RGB pixels', () => {
    expect([width, height, data.length]).toEqual([400, 300, 400 * 300 * 3]);
  });

  it.each([
    ['the top of the sky', 0, 0, [96, 160, 232]],
    // Halfway to the horizon, halfway between the two blues: (96 + 216) / 2 and so on.
    ['the middle of the sky', 0, 100, [156, 198, 241]],
    ['the first row of the meadow', 0, 200, [104, 168, 80]],
    ['the sun', 330, 60, [250, 214, 64]],
    ['the edge of the sun, 34 pixels from its center', 296, 60, [250, 214, 64]],
    ['the sky beside the sun', 295, 60, [132, 183, 237]],
    ['the highlight on the red fruit', 100, 185, [236, 120, 116]],
    ['the red fruit around it', 120, 205, [206, 40, 44]],
    ['the stem, drawn over the fruit', 118, 145, [98, 66, 38]],
    ['the crown of the tree', 186, 104, [40, 120, 56]],
    ['the trunk of the tree', 205, 160, [112, 76, 44]],
  ])('draws the color of %s', (_, x, y, color) => {
    expect(at(x, y)).toEqual(color);
  });

  it('draws identical pixels on every call', () => {
    const hash = (image: Uint8Array) => createHash('sha256').update(image).digest('hex');

    expect(hash(drawSampleImage().data)).toBe(hash(data));
  });
});

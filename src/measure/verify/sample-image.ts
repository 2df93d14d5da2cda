import type { DecodedImage } from '../../media/decoded-image.js';

type Color = readonly [red: number, green: number, blue: number];

const WIDTH = 400;
const HEIGHT = 300;
const SKY_TOP: Color = [96, 160, 232];
const SKY_BOTTOM: Color = [216, 236, 250];
const MEADOW: Color = [104, 168, 80];
const HORIZON = 200;

/** Circles: center, radius and color. Later circles cover earlier ones. */
const DISCS: readonly (readonly [x: number, y: number, radius: number, color: Color])[] = [
  [330, 60, 34, [250, 214, 64]],
  [120, 205, 62, [206, 40, 44]],
  [100, 185, 14, [236, 120, 116]],
  [270, 232, 40, [244, 146, 30]],
];

/** A stem and a leaf on the large disc, the trunk and the crown of a tree: left, top, right, bottom and color. */
const BOXES: readonly (readonly [
  left: number,
  top: number,
  right: number,
  bottom: number,
  color: Color,
])[] = [
  [117, 130, 123, 150, [98, 66, 38]],
  [123, 128, 150, 140, [58, 140, 60]],
  [205, 150, 217, 214, [112, 76, 44]],
  [186, 104, 236, 156, [40, 120, 56]],
];

/**
 * The image that models are compared on, as 400 x 300 RGB: red and orange fruit, a tree and the sun over a meadow. It
 * is drawn in code, so that it is bit-identical on every machine and independent of image decoders.
 */
export function drawSampleImage(): DecodedImage {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) data.set(colorAt(x, y), (y * WIDTH + x) * 3);
  }
  return { width: WIDTH, height: HEIGHT, data };
}

function colorAt(x: number, y: number): Color {
  const disc = DISCS.findLast(
    ([left, top, radius]) => (x - left) ** 2 + (y - top) ** 2 <= radius ** 2,
  );
  const box = BOXES.findLast(
    ([left, top, right, bottom]) => x >= left && x < right && y >= top && y < bottom,
  );
  if (box) return box[4];
  if (disc) return disc[3];
  if (y >= HORIZON) return MEADOW;
  const share = y / HORIZON;
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(SKY_TOP[channel] + share * (SKY_BOTTOM[channel] - SKY_TOP[channel]));
  return [mix(0), mix(1), mix(2)];
}

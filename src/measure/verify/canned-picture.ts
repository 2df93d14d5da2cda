import type { DecodedImage } from '../../media/decode-image.js';

type Colour = readonly [red: number, green: number, blue: number];

const WIDTH = 400;
const HEIGHT = 300;
const SKY_TOP: Colour = [96, 160, 232];
const SKY_BOTTOM: Colour = [216, 236, 250];
const MEADOW: Colour = [104, 168, 80];
const HORIZON = 200;

/** Circles: centre, radius and colour; later ones lie over earlier ones. */
const DISCS: readonly (readonly [x: number, y: number, radius: number, colour: Colour])[] = [
  [330, 60, 34, [250, 214, 64]],
  [120, 205, 62, [206, 40, 44]],
  [100, 185, 14, [236, 120, 116]],
  [270, 232, 40, [244, 146, 30]],
];

/** A leaf on the large disc and the trunk and crown of a tree, as boxes: left, top, right, bottom. */
const BOXES: readonly (readonly [
  left: number,
  top: number,
  right: number,
  bottom: number,
  colour: Colour,
])[] = [
  [117, 130, 123, 150, [98, 66, 38]],
  [123, 128, 150, 140, [58, 140, 60]],
  [205, 150, 217, 214, [112, 76, 44]],
  [186, 104, 236, 156, [40, 120, 56]],
];

/**
 * The picture that models are compared on: red and orange fruit, a tree and the sun over a meadow. Drawn here, so that it is
 * the same to the last bit wherever it is shown, and no file has to be decoded.
 */
export function drawCannedPicture(): DecodedImage {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) data.set(colourAt(x, y), (y * WIDTH + x) * 3);
  }
  return { width: WIDTH, height: HEIGHT, data };
}

function colourAt(x: number, y: number): Colour {
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

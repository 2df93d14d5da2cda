import sharp, { type Sharp } from 'sharp';

import { objectsSvg } from './artwork.js';
import type { Video } from './videos.js';
import { type Random, createRandom } from './random.js';
import type { Scene } from './scenes.js';

// The artwork is trusted SVG. The image decoder of the service, which an earlier test file may have loaded in this
// process, blocks the SVG loader.
sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] });

type Colour = readonly [number, number, number];

/** RGB pixels, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Draws a scene as a PNG file, with the defects of photographs: lost color, blur, brightness, noise. */
export async function drawScene(scene: Scene): Promise<Uint8Array> {
  const paint = await createPainter(scene);
  const drawn = await paint(scene.objects);
  return toSharp(drawn).png({ compressionLevel: 2 }).toBuffer();
}

/** Draws the frames of a video. Only the position of the object differs between them. */
export async function drawFrames({ frames }: Video): Promise<Pixels[]> {
  const [first] = frames;
  if (!first) return [];
  const paint = await createPainter(first);
  const drawn: Pixels[] = [];
  for (const { objects } of frames) drawn.push(await paint(objects));
  return drawn;
}

type Painter = (objects: Scene['objects']) => Promise<Pixels>;

/** Draws the background of a scene and chooses its defects. The painter then adds the objects. */
async function createPainter({ seed, width, height }: Scene): Promise<Painter> {
  // A random stream of its own, independent of the one that placed the objects.
  const random = createRandom(seed ^ 0x5bd1e995);
  const background = await drawBackground(random, width, height);
  const isGrey = random.isLikely(0.04);
  const blur = random.isLikely(0.15) ? random.between(0.3, 0.9) : undefined;
  const wear = random.isLikely(0.4) ? chooseWear(random, width * height * 3) : undefined;
  return async (objects) => {
    // Two sharp pipelines, since one would blur before it composites.
    const flat = await toSharp(background)
      .composite([{ input: Buffer.from(objectsSvg(width, height, objects)) }])
      .raw()
      .toBuffer();
    if (isGrey) dropColour(flat);
    const drawn = toSharp({ width, height, data: flat });
    if (blur !== undefined) drawn.blur(blur);
    const data = await drawn.raw().toBuffer();
    if (wear) applyWear(wear, data);
    return { width, height, data };
  };
}

function toSharp({ width, height, data }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } }).removeAlpha();
}

/** One color (30 %), a vertical or horizontal gradient (45 %), or coarse cells, soft or sharp (25 %). */
async function drawBackground(random: Random, width: number, height: number): Promise<Pixels> {
  const base = colour(() => random.integer(60, 255));
  const kind = random.between(0, 1);
  if (kind < 0.3) return paint(width, height, () => base);
  if (kind < 0.75) {
    const end = colour((channel) => clampByte((base[channel] ?? 0) + random.integer(-70, 70)));
    const isAcross = random.isLikely(0.5);
    return paint(width, height, (x, y) => {
      const share = isAcross ? x / Math.max(1, width - 1) : y / Math.max(1, height - 1);
      return colour((channel) => (base[channel] ?? 0) * (1 - share) + (end[channel] ?? 0) * share);
    });
  }
  const cells = paint(random.integer(2, 8), random.integer(2, 8), () =>
    colour((channel) => clampByte((base[channel] ?? 0) + random.integer(-28, 28))),
  );
  const kernel = random.isLikely(0.6) ? 'cubic' : 'nearest';
  const data = await toSharp(cells).resize(width, height, { fit: 'fill', kernel }).raw().toBuffer();
  return { width, height, data };
}

function paint(width: number, height: number, at: (x: number, y: number) => Colour): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, offset = 0; y < height; y++) {
    for (let x = 0; x < width; x++, offset += 3) data.set(at(x, y), offset);
  }
  return { width, height, data };
}

/** Converts every pixel to gray (luma of ITU-R BT.601), in place. */
function dropColour(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const [red = 0, green = 0, blue = 0] = data.subarray(i, i + 3);
    data.fill(0.299 * red + 0.587 * green + 0.114 * blue, i, i + 3);
  }
}

/** A change of contrast and brightness, and in 40 % of the cases noise for each value. */
interface Wear {
  readonly contrast: number;
  readonly light: number;
  readonly grain: Float64Array | undefined;
}

function chooseWear(random: Random, values: number): Wear {
  const contrast = random.between(0.8, 1.15);
  const light = random.between(-18, 18);
  const deviation = random.isLikely(0.4) ? random.between(1, 7) : 0;
  const grain =
    deviation > 0
      ? Float64Array.from({ length: values }, () => random.normal(0, deviation))
      : undefined;
  return { contrast, light, grain };
}

function applyWear({ contrast, light, grain }: Wear, data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) {
    data[i] = clampByte(((data[i] ?? 0) - 128) * contrast + 128 + light + (grain?.[i] ?? 0));
  }
}

function colour(channel: (index: number) => number): Colour {
  return [channel(0), channel(1), channel(2)];
}

function clampByte(value: number): number {
  return Math.max(0, Math.min(255, value));
}

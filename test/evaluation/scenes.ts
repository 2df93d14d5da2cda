import { type Random, createRandom } from './random.js';
import { OBJECTS } from './world.js';

/** An object of a scene with its square box. Lengths are in pixels, the angle is in degrees. */
export interface PlacedObject {
  readonly object: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly angle: number;
  readonly isMirrored: boolean;
}

/** An image to draw. Its objects are in columns, so their order from left to right is unambiguous. */
export interface Scene {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly PlacedObject[];
}

/**
 * The trainer does not use these seeds, and it uses another generator: no scene of this range is in the training data.
 */
const HELD_OUT_SEEDS = { first: 9_000_000, end: 9_100_000 };

/** The first seeds of the other kinds of scenes: small objects in large images, videos, pairs. */
const SMALL_OBJECTS_FROM = 9_050_000;
const CLIPS_FROM = 9_080_000;
const PAIRS_FROM = 9_090_000;

interface Sizes {
  /** The side of an object as a share of its column. */
  readonly low: number;
  readonly high: number;
  /** The minimum side as a share of the image's longer side. */
  readonly least?: number;
}

/** A size band of small objects: the longer side of the image is `fewest` to `most` times their side. */
interface SizeBand {
  readonly name: string;
  readonly fewest: number;
  readonly most: number;
}

/**
 * The bands are approximately even on a logarithmic scale. In the base tile the largest objects have 11 to 14 pixels,
 * enough to recognize most of them, and the smallest 5 to 7, too few for any. The finest tiling gives these 33 to 42.
 * Every edition of the model was measured on the first band, with the same scenes.
 */
export const SIZE_BANDS = [
  { name: '1/9 to 1/7', fewest: 7, most: 9 },
  { name: '1/11 to 1/9', fewest: 9, most: 11 },
  { name: '1/14 to 1/11', fewest: 11, most: 14 },
  { name: '1/18 to 1/14', fewest: 14, most: 18 },
] as const satisfies readonly SizeBand[];

/** The number of seeds per band. */
const SCENES_OF_A_SIZE = 7_000;

/** The held-out scene with number `index`, sampled from the distribution of models/training/scenes.py. */
export function sampleScene(index: number): Scene {
  const seed = HELD_OUT_SEEDS.first + index;
  if (seed >= SMALL_OBJECTS_FROM) throw new RangeError(`There is no held-out scene ${index}.`);
  const random = createRandom(seed);
  const count = random.pick([1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
  return sampleSceneOf(random, seed, count, 0.35);
}

/** A scene of `count` objects. With the probability `fullShare` it is a small image that they fill. */
function sampleSceneOf(random: Random, seed: number, count: number, fullShare: number): Scene {
  const kind = random.between(0, 1);
  if (kind < fullShare) {
    const width = random.integer(90, 200);
    const height = Math.trunc(width * random.between(0.75, 1.25));
    return place(random, { seed, width, height }, count, { low: 0.7, high: 1.05 });
  }
  const width = random.integer(140, 480);
  const height = clamp(Math.trunc(width * 2 ** random.between(-1, 1)), 96, 480);
  // Of the others, 30 of 65 have small objects, as in the training data.
  const isSmall = kind < fullShare + (1 - fullShare) * (0.3 / 0.65);
  const sizes = isSmall ? { low: 0.25, high: 0.75 } : { low: 0.5, high: 1.05 };
  return place(random, { seed, width, height }, count, sizes);
}

/** The large image with number `index`, 700 to 1400 pixels wide, with one to three objects of a size band. */
export function sampleSmallObjectScene(band: number, index: number): Scene {
  const sizes: SizeBand | undefined = SIZE_BANDS[band];
  if (!sizes || index >= SCENES_OF_A_SIZE) {
    throw new RangeError(`There is no held-out scene ${index} of size band ${band}.`);
  }
  const seed = SMALL_OBJECTS_FROM + band * SCENES_OF_A_SIZE + index;
  const random = createRandom(seed);
  const width = random.integer(700, 1400);
  const height = Math.trunc(width * 2 ** random.between(-0.6, 0.4));
  const share = (1 / sizes.most) * random.between(1, sizes.most / sizes.fewest);
  const count = random.integer(1, 3);
  const ofRoom = (Math.max(width, height) * share) / Math.min(width / count, height);
  const exactly = { low: ofRoom, high: ofRoom, least: share };
  return place(random, { seed, width, height }, count, exactly);
}

/** The seed of the video with number `index`. */
export function clipSeed(index: number): number {
  const seed = CLIPS_FROM + index;
  if (seed >= PAIRS_FROM) throw new RangeError(`There is no held-out video ${index}.`);
  return seed;
}

/** Two images of one object each. Every second pair shows the same object. */
export function samplePair(index: number): readonly [Scene, Scene] {
  const seed = PAIRS_FROM + 2 * index;
  if (seed >= HELD_OUT_SEEDS.end) throw new RangeError(`There is no held-out pair ${index}.`);
  const first = sampleSceneOf(createRandom(seed), seed, 1, 0.74);
  const second = sampleSceneOf(createRandom(seed + 1), seed + 1, 1, 0.74);
  const object = first.objects[0]?.object ?? 0;
  const isSame = (placed: PlacedObject): boolean => placed.object === object;
  if (index % 2 === 0) {
    return [first, { ...second, objects: second.objects.map((one) => ({ ...one, object })) }];
  }
  // If the second object is the same by chance, its neighbor in the list replaces it.
  const other = (object + 1) % OBJECTS.length;
  const objects = second.objects.map((one) => (isSame(one) ? { ...one, object: other } : one));
  return [first, { ...second, objects }];
}

function place(
  random: Random,
  canvas: { seed: number; width: number; height: number },
  count: number,
  { low, high, least = 1 / 9 }: Sizes,
): Scene {
  const { width, height } = canvas;
  const column = width / count;
  const room = Math.min(column, height);
  const chosen = random.sample([...OBJECTS.keys()], count);
  const objects = chosen.map((object, position): PlacedObject => {
    const wanted = Math.max(room * random.between(low, high), Math.max(width, height) * least, 14);
    const side = Math.min(wanted, height, column * 1.15);
    const slackX = Math.max(0, column - side) / 2;
    const slackY = Math.max(0, height - side) / 2;
    const x = column * (position + 0.5) + random.between(-slackX, slackX);
    return {
      object,
      x: clamp(x, side * 0.45, width - side * 0.45),
      y: height / 2 + random.between(-slackY, slackY),
      side,
      angle: random.between(-18, 18),
      isMirrored: random.isLikely(0.5),
    };
  });
  return { ...canvas, objects };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

import { type Random, createRandom } from './random.js';
import { OBJECTS } from './world.js';

/** One object of a scene: which, and where its square box lies. Lengths in pixels, the angle in degrees. */
export interface PlacedObject {
  readonly object: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly angle: number;
  readonly isMirrored: boolean;
}

/** A picture to be drawn. Its objects stand in columns, so left to right is never in doubt. */
export interface Scene {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly PlacedObject[];
}

/**
 * The trainer keeps this range free, and draws with another generator besides: no scene of it can have been
 * seen in training.
 */
const HELD_OUT_SEEDS = { first: 9_000_000, end: 9_100_000 };

/** Where each further kind of scene takes its seeds from: small objects in large pictures, clips, pairs. */
const SMALL_OBJECTS_FROM = 9_050_000;
const CLIPS_FROM = 9_080_000;
const PAIRS_FROM = 9_090_000;

interface Sizes {
  /** An object's side as a share of the room it has. */
  readonly low: number;
  readonly high: number;
  /** What it is at least, as a share of the picture's longer side. */
  readonly least?: number;
}

/** How small the objects of large pictures are: their side goes `fewest` to `most` times into the longer side. */
interface SizeBand {
  readonly name: string;
  readonly fewest: number;
  readonly most: number;
}

/**
 * Together about even over the logarithm of the size. In the base tile the largest objects have 11 to 14 pixels, by
 * which most can be told apart, and the smallest 5 to 7, by which none can; the finest tiling gives these 33 to 42.
 * The first band is the one that every edition of the model has been measured on, with the same scenes.
 */
export const SIZE_BANDS = [
  { name: '1/9 to 1/7', fewest: 7, most: 9 },
  { name: '1/11 to 1/9', fewest: 9, most: 11 },
  { name: '1/14 to 1/11', fewest: 11, most: 14 },
  { name: '1/18 to 1/14', fewest: 14, most: 18 },
] as const satisfies readonly SizeBand[];

/** Seeds for each band. */
const SCENES_OF_A_SIZE = 7_000;

/** Number `index` of the held-out scenes, drawn from the distribution of models/training/scenes.py. */
export function sampleScene(index: number): Scene {
  const seed = HELD_OUT_SEEDS.first + index;
  if (seed >= SMALL_OBJECTS_FROM) throw new RangeError(`No held-out scene ${index}.`);
  const random = createRandom(seed);
  const count = random.pick([1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
  return sampleSceneOf(random, seed, count, 0.35);
}

/** A scene of `count` objects, with the probability `fullShare` a small picture that they fill. */
function sampleSceneOf(random: Random, seed: number, count: number, fullShare: number): Scene {
  const kind = random.between(0, 1);
  if (kind < fullShare) {
    const width = random.integer(90, 200);
    const height = Math.trunc(width * random.between(0.75, 1.25));
    return place(random, { seed, width, height }, count, { low: 0.7, high: 1.05 });
  }
  const width = random.integer(140, 480);
  const height = clamp(Math.trunc(width * 2 ** random.between(-1, 1)), 96, 480);
  // Of the rest, as many have small objects as in the trainer's mixture: 30 of 65.
  const isSmall = kind < fullShare + (1 - fullShare) * (0.3 / 0.65);
  const sizes = isSmall ? { low: 0.25, high: 0.75 } : { low: 0.5, high: 1.05 };
  return place(random, { seed, width, height }, count, sizes);
}

/** Number `index` of the large pictures, 700 to 1400 pixels wide, with one to three objects of a band's sizes. */
export function sampleSmallObjectScene(band: number, index: number): Scene {
  const sizes: SizeBand | undefined = SIZE_BANDS[band];
  if (!sizes || index >= SCENES_OF_A_SIZE) {
    throw new RangeError(`No held-out scene ${index} of size ${band}.`);
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

/** The seed of clip number `index`. */
export function clipSeed(index: number): number {
  const seed = CLIPS_FROM + index;
  if (seed >= PAIRS_FROM) throw new RangeError(`No held-out clip ${index}.`);
  return seed;
}

/** Two pictures of one object each: every second pair shows the same kind of object, drawn twice. */
export function samplePair(index: number): readonly [Scene, Scene] {
  const seed = PAIRS_FROM + 2 * index;
  if (seed >= HELD_OUT_SEEDS.end) throw new RangeError(`No held-out pair ${index}.`);
  const first = sampleSceneOf(createRandom(seed), seed, 1, 0.74);
  const second = sampleSceneOf(createRandom(seed + 1), seed + 1, 1, 0.74);
  const object = first.objects[0]?.object ?? 0;
  const isSame = (placed: PlacedObject): boolean => placed.object === object;
  if (index % 2 === 0) {
    return [first, { ...second, objects: second.objects.map((one) => ({ ...one, object })) }];
  }
  // The same object by chance is the neighbour in the list instead.
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

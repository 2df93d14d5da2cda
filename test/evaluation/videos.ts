import { createRandom, type Random } from './random.js';
import { clipSeed, type PlacedObject, type Scene } from './scenes.js';
import { MOTIONS, type Motion, OBJECTS } from './world.js';

/** A video of one object that moves in front of a static background. */
export interface Video {
  readonly seed: number;
  readonly motion: Motion;
  readonly object: number;
  /** 4 to 16 frames of the same size and seed. */
  readonly frames: readonly Scene[];
}

/** A position as shares of the width and height of a frame. */
type Point = readonly [number, number];

/** Half the side of an object, as shares of the width and height of a frame. */
type Reach = readonly [number, number];

/** The numbers of frames of a video. Short ones are more frequent. */
const FRAME_COUNTS = [4, 4, 4, 5, 5, 5, 6, 6, 6, 8, 8, 8, 8, 10, 10, 12, 16];

/**
 * The held-out video with number `index`, sampled from the distribution of models/training/scenes.py, with motions in
 * turn. An object that enters is outside the first frame, one that leaves outside the last. Others stay inside and move
 * at least a third of the width or height, or as far as there is room.
 */
export function sampleVideo(index: number): Video {
  const seed = clipSeed(index);
  const random = createRandom(seed);
  const motion = MOTIONS[index % MOTIONS.length] ?? 'enters';
  const count = random.pick(FRAME_COUNTS);
  const width = random.integer(120, 320);
  const height = random.integer(120, 320);
  const object = random.integer(0, OBJECTS.length - 1);
  const side = Math.min(width, height) * random.between(0.35, 0.65);
  const [start, end] = samplePath(random, motion, [side / width / 2, side / height / 2]);
  const angle = random.between(-15, 15);
  const isMirrored = random.isLikely(0.5);
  const frames = Array.from({ length: count }, (_, number): Scene => {
    const share = number / (count - 1);
    const x = (start[0] + (end[0] - start[0]) * share) * width;
    const y = (start[1] + (end[1] - start[1]) * share) * height;
    const placed: PlacedObject = { object, x, y, side, angle, isMirrored };
    return { seed, width, height, objects: [placed] };
  });
  return { seed, motion, object, frames };
}

/** The first and the last center of the object. */
function samplePath(random: Random, motion: Motion, reach: Reach): readonly [Point, Point] {
  switch (motion) {
    case 'enters':
      return samplePathInto(random, reach);
    case 'leaves': {
      const [outside, inside] = samplePathInto(random, reach);
      return [inside, outside];
    }
    case 'movesLeft':
    case 'movesRight': {
      const [low, high] = sampleWay(random, reach[0]);
      const y = inSight(random, reach[1]);
      const start: Point = [motion === 'movesRight' ? low : high, y];
      return [start, [motion === 'movesRight' ? high : low, y + random.between(-0.06, 0.06)]];
    }
    case 'movesUp':
    case 'movesDown': {
      const [low, high] = sampleWay(random, reach[1]);
      const x = inSight(random, reach[0]);
      const start: Point = [x, motion === 'movesDown' ? low : high];
      return [start, [x + random.between(-0.06, 0.06), motion === 'movesDown' ? high : low]];
    }
  }
}

/** A path from outside, in 70 % of the cases from the left or right, to a point inside. */
function samplePathInto(random: Random, reach: Reach): readonly [Point, Point] {
  const end: Point = [inSight(random, reach[0]), inSight(random, reach[1])];
  const isFromStart = random.isLikely(0.5);
  const outside = (half: number): number => (isFromStart ? -half * 1.1 : 1 + half * 1.1);
  const start: Point = random.isLikely(0.3)
    ? [inSight(random, reach[0]), outside(reach[1])]
    : [outside(reach[0]), inSight(random, reach[1])];
  return [start, end];
}

/** The two ends of a path along one side of the frame, the lower one first. */
function sampleWay(random: Random, half: number): readonly [number, number] {
  const room = 1 - 2 * half;
  const way = room > 0.34 ? room * random.between(Math.max(0.34 / room, 0.5), 1) : room;
  const low = half + random.between(0, room - way);
  return [low, low + way];
}

function inSight(random: Random, half: number): number {
  return random.between(half, 1 - half);
}

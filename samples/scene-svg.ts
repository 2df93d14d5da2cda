import { objectSvg } from '../test/evaluation/artwork.js';
import { OBJECTS } from '../test/evaluation/world.js';

/** Objects in front of a gradient. */
export interface SampleScene {
  readonly width: number;
  readonly height: number;
  /** Colors of the gradient from top to bottom, or from left to right. */
  readonly gradient: readonly [string, string];
  readonly runs: 'down' | 'across';
  /** From left to right. `x` and `y` are the center as shares of width and height, `side` is a share of the height. */
  readonly objects: readonly SampleObject[];
}

export interface SampleObject {
  /** In English. */
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly angle?: number;
  readonly isMirrored?: boolean;
}

export function sceneSvg({ width, height, gradient, runs, objects }: SampleScene): string {
  const [from, to] = gradient;
  const end = runs === 'down' ? 'x2="0" y2="1"' : 'x2="1" y2="0"';
  const drawings = objects.map(({ name, x, y, side, angle = 0, isMirrored = false }) =>
    objectSvg({
      object: OBJECTS.findIndex(({ names }) => names.en === name),
      x: x * width,
      y: y * height,
      side: side * height,
      angle,
      isMirrored,
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <linearGradient id="sky" x1="0" y1="0" ${end}>
      <stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/>
    </linearGradient>
    <rect width="100%" height="100%" fill="url(#sky)"/>${drawings.join('')}
  </svg>`;
}

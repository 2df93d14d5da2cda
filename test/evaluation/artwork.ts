import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { PlacedObject } from './scenes.js';
import { OBJECTS } from './world.js';

interface IconSet {
  readonly icons: Readonly<Record<string, { body: string; width?: number; height?: number }>>;
  readonly width?: number;
  readonly height?: number;
}

const require = createRequire(import.meta.url);
// Read, since Node 20 prints a warning for every imported JSON module.
const noto = JSON.parse(
  readFileSync(require.resolve('@iconify-json/noto/icons.json'), 'utf8'),
) as IconSet;

/** The Noto drawing of an object as an SVG group, at its place, size and angle. */
export function objectSvg({ object, x, y, side, angle, isMirrored }: PlacedObject): string {
  const name = OBJECTS[object]?.icon ?? '';
  const drawing = noto.icons[name];
  if (!drawing) throw new RangeError(`No artwork for object ${object}.`);
  const width = drawing.width ?? noto.width ?? 128;
  const height = drawing.height ?? noto.height ?? 128;
  const scale = side / width;
  const moves = [
    `translate(${x} ${y})`,
    // Positive angles are counterclockwise in the trainer's library and clockwise in SVG.
    `rotate(${-angle})`,
    `scale(${isMirrored ? -scale : scale} ${scale})`,
    `translate(${-width / 2} ${-height / 2})`,
  ];
  return `<g transform="${moves.join(' ')}">${drawing.body}</g>`;
}

/** A transparent SVG of the given size with the objects on it. */
export function objectsSvg(
  width: number,
  height: number,
  objects: readonly PlacedObject[],
): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${objects.map(objectSvg).join('')}</svg>`;
}

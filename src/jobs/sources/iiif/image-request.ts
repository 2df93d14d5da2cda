import { asArray, isResource, type Resource } from './resource.js';

/** What a server says in `info.json` (IIIF Image API 1.1, 2 and 3) about the sizes of an image. */
export interface ImageInfo {
  readonly version: 1 | 2 | 3;
  readonly width: number;
  readonly height: number;
  /** Compliance level. */
  readonly level: number;
  readonly features: ReadonlySet<string>;
  /** Width and height of the images that exist without computation. */
  readonly sizes: readonly (readonly [width: number, height: number])[];
  readonly maxWidth: number;
  readonly maxHeight: number;
  readonly maxArea: number;
}

/** @returns `null` if it has no size, or is no `info.json` */
export function parseImageInfo(json: unknown): ImageInfo | null {
  if (!isResource(json)) return null;
  const [width, height] = [positive(json['width']), positive(json['height'])];
  if (width === null || height === null) return null;
  const profile = asArray(json['profile']);
  // Version 2 puts limits and features into an object of the profile, version 3 beside it.
  const details = [json, ...profile.filter(isResource)];
  const limit = (name: string) =>
    details.map((each) => positive(each[name])).find((n) => n !== null);
  const maxWidth = limit('maxWidth') ?? Infinity;
  return {
    version: versionOf(json),
    width,
    height,
    level: levelOf(profile),
    features: new Set(
      details
        .flatMap((each) => [...asArray(each['supports']), ...asArray(each['extraFeatures'])])
        .filter((feature) => typeof feature === 'string'),
    ),
    sizes: asArray(json['sizes']).flatMap(parseSize),
    maxWidth,
    // Without a height, the limit of the width applies to both (Image API 3.0, section 5.3).
    maxHeight: limit('maxHeight') ?? maxWidth,
    maxArea: limit('maxArea') ?? Infinity,
  };
}

function versionOf(json: Resource): 1 | 2 | 3 {
  const contexts = asArray(json['@context']).map(String).join(' ');
  if (/\/image\/3\//.test(contexts) || json['type'] === 'ImageService3') return 3;
  return /\/image\/1\/|image-api\/1/.test(contexts) ? 1 : 2;
}

function levelOf(profile: readonly unknown[]): number {
  const level = profile.map((each) => /level([012])/.exec(String(each))?.[1]).find(Boolean);
  return Number(level ?? 0);
}

function parseSize(value: unknown): [number, number][] {
  if (!isResource(value)) return [];
  const [width, height] = [positive(value['width']), positive(value['height'])];
  return width === null || height === null ? [] : [[width, height]];
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
}

/**
 * The path of an image request, which follows the base URI: as JPEG, not larger than `side` and the limits of the
 * server, and never enlarged. Where the server computes no sizes, the nearest one that it has.
 *
 * @param region `full`, or `x,y,w,h` in pixels; the whole image if the server cuts no regions.
 */
export function imageRequest(info: ImageInfo, region: string, side: number): string {
  const cut = info.level >= 1 || info.features.has('regionByPx') ? region : 'full';
  const quality = info.version === 1 ? 'native' : 'default';
  return `/${cut}/${sizeOf(info, cut, side)}/0/${quality}.jpg`;
}

function sizeOf(info: ImageInfo, region: string, side: number): string {
  const [width, height] = regionSize(info, region);
  const scale = Math.min(
    Math.min(side, info.maxWidth) / width,
    Math.min(side, info.maxHeight) / height,
    Math.sqrt(info.maxArea / (width * height)),
  );
  const whole = info.version === 3 ? 'max' : 'full';
  if (scale >= 1) return whole;
  const [w, h] = [scaled(width, scale), scaled(height, scale)];
  if (info.level >= 1 || info.features.has('sizeByW')) return `${w},`;
  if (info.features.has('sizeByConfinedWh')) return `!${w},${h}`;
  const nearest = region === 'full' ? nearestSize(info.sizes, w) : undefined;
  return nearest === undefined ? whole : nearest.join(',');
}

/** Rounded down, since servers refuse more than their limits; but not by an error of floating point. */
function scaled(pixels: number, scale: number): number {
  return Math.max(1, Math.floor(pixels * scale + 1e-6));
}

function regionSize(info: ImageInfo, region: string): [number, number] {
  const [x, y, w, h] = region.split(',').map(Number);
  if (x === undefined || y === undefined || w === undefined || h === undefined) {
    return [info.width, info.height];
  }
  // The part of a region outside the image is not returned.
  return [Math.max(1, Math.min(w, info.width - x)), Math.max(1, Math.min(h, info.height - y))];
}

function nearestSize(
  sizes: ImageInfo['sizes'],
  width: number,
): readonly [number, number] | undefined {
  const distance = ([w]: readonly [number, number]) => Math.abs(Math.log(w / width));
  return [...sizes].sort((one, other) => distance(one) - distance(other))[0];
}

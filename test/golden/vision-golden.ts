import { readFileSync } from 'node:fs';
import type { AnyresLayout } from '../../src/models/package/manifest.js';
import type { DecodedImage } from '../../src/media/decode-image.js';
import type { FloatTensor } from '../../src/tensor/tensor.js';
import type { VisionGeometry } from '../../src/vision/vision-geometry.js';

// A local constant: access to globals is slow in Jest's sandbox.
const { imul } = Math;

/** A geometry in the format of the golden files. Pinpoints are [rows, columns] in tiles. */
export interface GoldenGeometry {
  tileSide: number;
  patchesPerSide: number;
  maxTilesCap: number;
  pinpointTiles: [number, number][];
}

type ImagePattern = 'pattern' | 'noise';

interface GoldenFiles {
  'visual-token-counts': {
    geometries: Record<string, GoldenGeometry>;
    /** Width, height, rows, columns, tokens. */
    counts: Record<string, [number, number, number, number, number][]>;
  };
  'tile-hashes': {
    geometries: Record<string, GoldenGeometry>;
    mean: [number, number, number];
    std: [number, number, number];
    pictures: {
      geometry: string;
      width: number;
      height: number;
      picture: ImagePattern;
      tiles: number;
      tilesSha256: string;
      pixelValuesSha256: string;
    }[];
  };
  'packed-features': {
    geometries: Record<string, GoldenGeometry>;
    cases: {
      geometry: string;
      width: number;
      height: number;
      tokens: number;
      sum: number;
      /** Token index and its two values. */
      samples: [number, number, number][];
    }[];
  };
  'square-tiles': {
    mean: [number, number, number];
    tiles: {
      width: number;
      height: number;
      tileSide: number;
      picture: ImagePattern;
      sha256: string;
    }[];
  };
  'pooled-frames': {
    cases: {
      frames: number;
      patchesPerSide: number;
      /** Patches of one pooled frame. */
      patches: number;
      sum: number;
      /** Index of the pooled patch over all frames, and its two values. */
      samples: [number, number, number][];
    }[];
  };
}

/** Reads a golden file, which was generated with Hugging Face's code. Its `about` field describes how. */
export function readGolden<Name extends keyof GoldenFiles>(name: Name): GoldenFiles[Name] {
  const file = new URL(`./vision/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as GoldenFiles[Name];
}

export function createGeometry(
  golden: GoldenGeometry,
): VisionGeometry & { readonly layout: AnyresLayout } {
  const { tileSide, patchesPerSide, maxTilesCap, pinpointTiles } = golden;
  const processor = {
    tileSize: { width: tileSide, height: tileSide },
    resample: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    rescaleFactor: 1 / 255,
  } as const;
  return {
    patchesPerSide,
    featuresPerTile: patchesPerSide ** 2,
    imageProcessor: processor,
    videoProcessor: processor,
    layout: {
      kind: 'anyres',
      maxTilesCap,
      severalImagesColor: [127, 127, 127],
      imageGridPinpoints: pinpointTiles.map(([rows, columns]) => ({
        width: columns * tileSide,
        height: rows * tileSide,
      })),
    },
  };
}

/** Draws the test image of `tile-hashes.json`. */
export function drawTestImage(width: number, height: number, kind: ImagePattern): DecodedImage {
  const data = new Uint8Array(width * height * 3);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const ramp = x * 7 + y * 13 + channel * 29;
        data[target++] = kind === 'noise' ? scramble(ramp) >>> 24 : (ramp ^ ((x * y) >> 3)) & 255;
      }
    }
  }
  return { width, height, data };
}

/** The input features of `packed-features.json`: exact in float32, between -1 and 1. */
export function createGoldenFeatures(shape: readonly [number, number, number]): FloatTensor {
  const data = Float32Array.from(
    { length: shape[0] * shape[1] * shape[2] },
    (_, index) => (scramble(index) >>> 8) / 2 ** 23 - 1,
  );
  return { shape, data };
}

/** A seeded pseudorandom generator of numbers in [0, 1). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function scramble(value: number): number {
  return imul(value, 2654435761);
}

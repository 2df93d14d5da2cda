/**
 * Draws the sample images from the Noto emoji artwork and writes what they show to samples.json.
 * Usage: npx tsx samples/draw-images.ts
 */
import { writeFile } from 'node:fs/promises';

import sharp from 'sharp';

import { type SampleScene, sceneSvg } from './scene-svg.js';

interface Sample extends SampleScene {
  readonly file: string;
  /** Purpose of the sample. It is shown to users. */
  readonly shows: string;
  readonly finish: 'plain' | 'grey' | 'turned';
}

const SAMPLES: readonly Sample[] = [
  {
    file: 'fox.png',
    shows: 'one object',
    width: 320,
    height: 240,
    gradient: ['#bfe3f2', '#8cc6a0'],
    runs: 'down',
    objects: [{ name: 'fox', x: 0.5, y: 0.53, side: 0.78, angle: 4 }],
    finish: 'plain',
  },
  {
    file: 'owl-and-guitar.jpg',
    shows: 'two objects',
    width: 400,
    height: 260,
    gradient: ['#f6d9a8', '#e8a87c'],
    runs: 'across',
    objects: [
      { name: 'owl', x: 0.27, y: 0.52, side: 0.66 },
      { name: 'guitar', x: 0.73, y: 0.48, side: 0.7, angle: -8 },
    ],
    finish: 'plain',
  },
  {
    file: 'fruit.webp',
    shows: 'three objects',
    width: 480,
    height: 220,
    gradient: ['#dff3e4', '#a9d8d0'],
    runs: 'down',
    objects: [
      { name: 'strawberry', x: 0.17, y: 0.55, side: 0.55, angle: 10 },
      { name: 'banana', x: 0.5, y: 0.47, side: 0.6, angle: -6 },
      { name: 'pear', x: 0.83, y: 0.53, side: 0.58, angle: 5 },
    ],
    finish: 'plain',
  },
  {
    file: 'street.png',
    shows: 'four objects',
    width: 480,
    height: 240,
    gradient: ['#a8d4f0', '#d9e4c8'],
    runs: 'down',
    objects: [
      { name: 'house', x: 0.13, y: 0.5, side: 0.44 },
      { name: 'automobile', x: 0.385, y: 0.62, side: 0.42 },
      { name: 'bicycle', x: 0.63, y: 0.6, side: 0.42, isMirrored: true },
      { name: 'palm tree', x: 0.875, y: 0.46, side: 0.46 },
    ],
    finish: 'plain',
  },
  {
    file: 'meadow.jpg',
    shows: 'small objects in a large image, which need tiles',
    width: 1400,
    height: 900,
    gradient: ['#c9e8f7', '#7fb069'],
    runs: 'down',
    objects: [
      { name: 'butterfly', x: 0.19, y: 0.28, side: 0.19, angle: -12 },
      { name: 'snail', x: 0.5, y: 0.72, side: 0.18 },
      { name: 'mushroom', x: 0.82, y: 0.6, side: 0.19 },
    ],
    finish: 'plain',
  },
  {
    file: 'desert.webp',
    shows: 'a wide panorama',
    width: 1200,
    height: 600,
    gradient: ['#bfe4f5', '#f0dfb0'],
    runs: 'down',
    objects: [
      { name: 'cactus', x: 0.12, y: 0.6, side: 0.38 },
      { name: 'camel', x: 0.38, y: 0.58, side: 0.4 },
      { name: 'tent', x: 0.64, y: 0.62, side: 0.38 },
      { name: 'sun', x: 0.88, y: 0.3, side: 0.36 },
    ],
    finish: 'plain',
  },
  {
    file: 'zoo-scan.jpg',
    shows: 'a grayscale scan (one channel)',
    width: 420,
    height: 300,
    gradient: ['#e9e9e4', '#cfcfc9'],
    runs: 'across',
    objects: [
      { name: 'panda', x: 0.27, y: 0.5, side: 0.62, angle: -5 },
      { name: 'zebra', x: 0.73, y: 0.52, side: 0.66 },
    ],
    finish: 'grey',
  },
  {
    file: 'harbour-turned.jpg',
    shows: 'an image stored sideways, with an EXIF orientation',
    width: 300,
    height: 420,
    gradient: ['#fdf0d9', '#f0b67f'],
    runs: 'down',
    objects: [
      { name: 'anchor', x: 0.27, y: 0.64, side: 0.3, angle: 10 },
      { name: 'sailboat', x: 0.72, y: 0.38, side: 0.34 },
    ],
    finish: 'turned',
  },
  {
    file: 'fox-at-dusk.jpg',
    shows: 'the same animal as in fox.png, for comparisons',
    width: 260,
    height: 260,
    gradient: ['#e7b9a4', '#8f7aa8'],
    runs: 'down',
    objects: [{ name: 'fox', x: 0.47, y: 0.54, side: 0.72, angle: -9, isMirrored: true }],
    finish: 'plain',
  },
  {
    file: 'penguin.webp',
    shows: 'another animal, for comparisons',
    width: 300,
    height: 240,
    gradient: ['#dcecf7', '#a9cfe8'],
    runs: 'across',
    objects: [{ name: 'penguin', x: 0.52, y: 0.5, side: 0.76, angle: 5 }],
    finish: 'plain',
  },
];

/** EXIF orientation 6: rotate by 90 degrees clockwise for display. */
const ROTATE_CLOCKWISE = 6;

async function drawSample(sample: Sample): Promise<Uint8Array> {
  const image = sharp(Buffer.from(sceneSvg(sample))).removeAlpha();
  const flat = sharp(await image.png().toBuffer());
  if (sample.finish === 'grey') flat.greyscale().toColourspace('b-w');
  if (sample.finish === 'turned') {
    flat.rotate(-90).withMetadata({ orientation: ROTATE_CLOCKWISE });
  }
  if (sample.file.endsWith('.jpg')) return flat.jpeg({ quality: 88 }).toBuffer();
  if (sample.file.endsWith('.webp')) return flat.webp({ quality: 88 }).toBuffer();
  return flat.png({ compressionLevel: 9, palette: false }).toBuffer();
}

const truth: object[] = [];
for (const sample of SAMPLES) {
  const bytes = await drawSample(sample);
  await writeFile(new URL(sample.file, import.meta.url), bytes);
  const { file, shows, width, height } = sample;
  const objects = sample.objects.map(({ name }) => name);
  truth.push({ file, shows, width, height, objects });
  console.log(`${file}: ${objects.join(', ')} (${Math.ceil(bytes.length / 1024)} kB)`);
}
await writeFile(new URL('samples.json', import.meta.url), `${JSON.stringify(truth, null, 2)}\n`);

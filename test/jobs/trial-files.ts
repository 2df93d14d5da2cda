import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';

const SAMPLES = join(import.meta.dirname, '..', '..', 'samples');
const PIXELS = 24;
/** One of this many files is broken, and one is a clip. */
const BROKEN_EVERY = 20;
const CLIP_EVERY = 25;

/** Files of a trial: names, and for each broken one the error code that it must end with. */
export interface TrialFiles {
  readonly folder: string;
  readonly names: readonly string[];
  readonly broken: ReadonlyMap<string, string>;
}

/** Writes pictures and clips of different contents, 5 % of them broken in one of four ways. */
export async function writeFiles(folder: string, count: number): Promise<TrialFiles> {
  await mkdir(folder, { recursive: true });
  const clip = await readFile(join(SAMPLES, 'rocket-rises.mp4'));
  const picture = await readFile(join(SAMPLES, 'fox.png'));
  const damages: readonly Damage[] = [
    { extension: 'jpg', code: 'MEDIA_EMPTY', bytes: new Uint8Array() },
    {
      extension: 'jpg',
      code: 'UNSUPPORTED_MEDIA_TYPE',
      bytes: Buffer.from('a letter, no picture'),
    },
    { extension: 'png', code: 'MEDIA_CORRUPT', bytes: picture.subarray(0, picture.length / 2) },
    { extension: 'mp4', code: 'MEDIA_CORRUPT', bytes: clip.subarray(0, clip.length / 2) },
  ];
  const names: string[] = [];
  const broken = new Map<string, string>();
  for (let index = 0; index < count; index++) {
    const stem = `${Math.floor(index / 500)}-${String(index).padStart(6, '0')}`;
    const damage = index % BROKEN_EVERY === 7 ? damages[broken.size % damages.length] : undefined;
    const isClip = index % CLIP_EVERY === 3;
    const name = `${stem}.${damage?.extension ?? (isClip ? 'mp4' : 'png')}`;
    if (damage) broken.set(name, damage.code);
    const bytes = damage?.bytes ?? (isClip ? numberClip(clip, index) : await drawPicture(index));
    await writeFile(join(folder, name), bytes);
    names.push(name);
  }
  return { folder, names, broken };
}

interface Damage {
  readonly extension: string;
  readonly code: string;
  readonly bytes: Uint8Array;
}

/** The pictures and clips of the samples, and broken copies: for the demo model. */
export async function copySamples(folder: string): Promise<TrialFiles> {
  await mkdir(folder, { recursive: true });
  const names = ['fox.png', 'penguin.webp', 'meadow.jpg', 'street.png', 'rocket-rises.mp4'];
  for (const name of names) await copyFile(join(SAMPLES, name), join(folder, name));
  for (let index = 0; index < 200; index++) {
    names.push(`drawn-${index}.png`);
    await writeFile(join(folder, `drawn-${index}.png`), await drawPicture(index));
  }
  const picture = await readFile(join(SAMPLES, 'street.png'));
  await writeFile(join(folder, 'half.png'), picture.subarray(0, picture.length / 2));
  await writeFile(join(folder, 'empty.jpg'), '');
  names.push('half.png', 'empty.jpg');
  return {
    folder,
    names,
    broken: new Map([
      ['half.png', 'MEDIA_CORRUPT'],
      ['empty.jpg', 'MEDIA_EMPTY'],
    ]),
  };
}

async function drawPicture(index: number): Promise<Uint8Array> {
  const background = { r: index % 251, g: (index >> 3) % 251, b: (index >> 8) % 251 };
  const pixels = Buffer.alloc(PIXELS * PIXELS * 3, index % 256);
  pixels.set([background.r, background.g, background.b, index & 255, index >> 8]);
  return await sharp(pixels, { raw: { width: PIXELS, height: PIXELS, channels: 3 } })
    .png()
    .toBuffer();
}

/** Appends a box that players skip (`free`, ISO/IEC 14496-12) with a number. */
function numberClip(clip: Uint8Array, index: number): Uint8Array {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4, 'latin1');
  box.writeUInt32BE(index, 8);
  return Buffer.concat([clip, box]);
}

import { crc32, deflateSync } from 'node:zlib';

import sharp from 'sharp';

/** A frame of one color, opaque, that is shown for some milliseconds. */
export interface FlatFrame {
  readonly color: readonly [number, number, number];
  readonly delayMs: number;
}

export const ANIMATION_WIDTH = 40;
export const ANIMATION_HEIGHT = 30;

/** A GIF or lossless WebP animation. */
export async function writeAnimation(
  format: 'gif' | 'webp',
  frames: readonly FlatFrame[],
): Promise<Buffer> {
  const pixels = frames.map(({ color }) =>
    Buffer.concat(
      Array.from({ length: ANIMATION_WIDTH * ANIMATION_HEIGHT }, () => Buffer.from(color)),
    ),
  );
  const height = ANIMATION_HEIGHT * frames.length;
  const raw = {
    width: ANIMATION_WIDTH,
    height,
    channels: 3,
    pageHeight: ANIMATION_HEIGHT,
  } as const;
  const image = sharp(Buffer.concat(pixels), { raw });
  const delay = frames.map(({ delayMs }) => delayMs);
  return await (
    format === 'gif'
      ? image.gif({ delay, loop: 3 })
      : image.webp({ delay, lossless: true, minSize: false })
  ).toBuffer();
}

/** A frame of an animated PNG file: one color of RGBA in a rectangle. */
export interface PngPatch {
  readonly rgba: readonly [number, number, number, number];
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly delayMs: number;
  /** Of the frame control chunk: 0 keep, 1 clear, 2 restore; 0 replace, 1 over. */
  readonly dispose: number;
  readonly blend: number;
}

/** An animated PNG file whose default image is the first frame (PNG specification, third edition). */
export function writeAnimatedPng(
  width: number,
  height: number,
  patches: readonly PngPatch[],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8);
  const control = Buffer.alloc(8);
  control.writeUInt32BE(patches.length, 0);
  let sequence = 0;
  const frames = patches.flatMap((patch, index) => {
    const frame = Buffer.alloc(26);
    [sequence, patch.width, patch.height, patch.left, patch.top].forEach((value, field) =>
      frame.writeUInt32BE(value, field * 4),
    );
    sequence += 1;
    frame.writeUInt16BE(patch.delayMs, 20);
    frame.writeUInt16BE(1_000, 22);
    frame.set([patch.dispose, patch.blend], 24);
    const row = Buffer.alloc(1 + patch.width * 4);
    for (let x = 0; x < patch.width; x += 1) row.set(patch.rgba, 1 + x * 4);
    const data = deflateSync(Buffer.concat(Array.from({ length: patch.height }, () => row)));
    if (index === 0) return [chunk('fcTL', frame), chunk('IDAT', data)];
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence);
    sequence += 1;
    return [chunk('fcTL', frame), chunk('fdAT', Buffer.concat([number, data]))];
  });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('acTL', control),
    ...frames,
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

import { crc32 } from 'node:zlib';

import type { ByteSource } from '../byte-source.js';

/** A frame of an animated PNG file. Source: PNG specification (third edition), section 11.3.6. */
export interface PngFrame {
  readonly width: number;
  readonly height: number;
  /** Place on the canvas. */
  readonly left: number;
  readonly top: number;
  readonly delayMs: number;
  /** What happens to the area of the frame before the next one. */
  readonly dispose: 'keep' | 'clear' | 'restore';
  readonly blend: 'replace' | 'over';
  /** Places of the compressed data in the file. */
  readonly data: readonly { readonly offset: number; readonly length: number }[];
}

interface Chunk {
  readonly type: string;
  /** Of the content. */
  readonly offset: number;
  readonly length: number;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

function* walkChunks(source: ByteSource): Generator<Chunk> {
  for (let at = SIGNATURE.length; at + 12 <= source.length;) {
    const header = Buffer.from(source.read(at, 8));
    const length = header.readUInt32BE(0);
    const type = header.toString('latin1', 4, 8);
    if (at + 12 + length > source.length) return;
    yield { type, offset: at + 8, length };
    if (type === 'IEND') return;
    at += 12 + length;
  }
}

/**
 * The frames of a PNG file, in order. A still image has none. The default image is a frame only if a frame control
 * chunk precedes it.
 */
export function* walkPngFrames(source: ByteSource): Generator<PngFrame> {
  let frame: (Omit<PngFrame, 'data'> & { readonly data: PngFrame['data'][number][] }) | undefined;
  for (const { type, offset, length } of walkChunks(source)) {
    if (type === 'fcTL' && length === 26) {
      if (frame) yield frame;
      frame = { ...readControl(Buffer.from(source.read(offset, length))), data: [] };
    } else if (type === 'IDAT') {
      frame?.data.push({ offset, length });
    } else if (type === 'fdAT' && length > 4) {
      // Behind the sequence number.
      frame?.data.push({ offset: offset + 4, length: length - 4 });
    }
  }
  if (frame) yield frame;
}

const DISPOSALS = ['keep', 'clear', 'restore'] as const;

function readControl(control: Buffer): Omit<PngFrame, 'data'> {
  const numerator = control.readUInt16BE(20);
  const denominator = control.readUInt16BE(22) || 100;
  return {
    width: control.readUInt32BE(4),
    height: control.readUInt32BE(8),
    left: control.readUInt32BE(12),
    top: control.readUInt32BE(16),
    delayMs: (numerator * 1_000) / denominator,
    dispose: DISPOSALS[control[24] ?? 0] ?? 'keep',
    blend: control[25] === 1 ? 'over' : 'replace',
  };
}

/** Chunks that only belong to the animation, or to the default image. */
const OWN_CHUNKS: ReadonlySet<string> = new Set(['IHDR', 'IDAT', 'IEND', 'acTL', 'fcTL', 'fdAT']);

/** A frame as a PNG file of its own, with the palette and the color space of the file. */
export function extractPngFrame(source: ByteSource, frame: PngFrame): Uint8Array {
  const header = Buffer.alloc(13);
  header.set(source.read(16, 13));
  header.writeUInt32BE(frame.width, 0);
  header.writeUInt32BE(frame.height, 4);
  const parts = [SIGNATURE, encodeChunk('IHDR', header)];
  for (const { type, offset, length } of walkChunks(source)) {
    if (type === 'IDAT') break;
    if (OWN_CHUNKS.has(type)) continue;
    parts.push(encodeChunk(type, Buffer.from(source.read(offset, length))));
  }
  const data = frame.data.map(({ offset, length }) => Buffer.from(source.read(offset, length)));
  parts.push(encodeChunk('IDAT', Buffer.concat(data)), encodeChunk('IEND', Buffer.alloc(0)));
  return Buffer.concat(parts);
}

function encodeChunk(type: string, content: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + content.length);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(type, 4, 'latin1');
  content.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + content.length)), 8 + content.length);
  return chunk;
}

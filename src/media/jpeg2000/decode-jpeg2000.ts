import { MAX_CODEC_BYTES } from '../../config/limits.js';
import type { ByteSource } from '../byte-source.js';
import { grouped, imageTooLarge } from '../image-errors.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { decodeComponents, decodedBits, groupComponents } from './openjpeg.js';
import { type ChannelPlan, planChannels } from './plan-channels.js';
import { type ChannelSource, readBoxes } from './read-boxes.js';
import { checkTileParts, type Codestream, readCodestream } from './read-codestream.js';

/** A JPEG 2000 file whose headers have been read. */
export interface Jpeg2000 {
  readonly codestream: Codestream;
  readonly plan: ChannelPlan;
}

/**
 * Reads the headers of a JP2 or JPX file or of a bare codestream, and checks that all tiles are there.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function openJpeg2000(source: ByteSource): Jpeg2000 {
  const isBare = source.read(0, 1)[0] === 0xff;
  const boxes = isBare ? null : readBoxes(source);
  const { codestreamAt, codestreamBytes } = boxes ?? {
    codestreamAt: 0,
    codestreamBytes: source.length,
  };
  const codestream = readCodestream(source, codestreamAt, codestreamBytes);
  const plan = planChannels(codestream, boxes);
  checkTileParts(source, codestream);
  return { codestream, plan };
}

/**
 * Decodes a JPEG 2000 file to a baseline TIFF with 8-bit samples, alpha and color profile.
 *
 * @param level resolution level: each halves both sides. At most `codestream.levels`.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE, MEDIA_TOO_EXPENSIVE
 */
export async function decodeJpeg2000(
  source: ByteSource,
  { codestream, plan }: Jpeg2000,
  level: number,
): Promise<Uint8Array> {
  checkMemory(codestream, plan, level);
  const { colors, alpha, iccProfile, model } = plan;
  const channels = alpha ? [...colors, alpha] : colors;
  const { file, pixels } = createBaselineTiff({
    width: Math.ceil(codestream.width / 2 ** level),
    height: Math.ceil(codestream.height / 2 ** level),
    colorSamples: model === 'gray' ? 1 : model === 'cmyk' ? 4 : 3,
    alpha: alpha ? (alpha.isPremultiplied ? 'premultiplied' : 'straight') : null,
    ...{ orientation: 1, iccProfile },
  });
  for (const group of groupComponents(codestream, listComponents(channels))) {
    const decoded = await decodeComponents(source, codestream, group, level);
    group.forEach((component, index) => {
      const depth = decoded.bits[index] ?? 8;
      channels.forEach((channel, to) => {
        if (channel.component !== component) return;
        const toByte = createByteTable(plan, channel, depth);
        for (let from = index; from < decoded.samples.length; from += group.length) {
          pixels[to] = toByte[decoded.samples[from] as number] as number;
          to += channels.length;
        }
      });
    });
  }
  if (model === 'ycc') convertToRgb(pixels, channels.length);
  if (alpha && plan.isAlphaGuessed) fillEmptyAlpha(pixels, channels.length);
  return file;
}

function listComponents(channels: readonly ChannelSource[]): number[] {
  return [...new Set(channels.map(({ component }) => component))];
}

/** Bytes by sample value: those of a palette column, or the sample scaled from its depth. */
function createByteTable(
  { palette }: ChannelPlan,
  { column }: ChannelSource,
  depth: number,
): Uint8Array {
  const scale = (value: number, bits: number) =>
    bits > 8 ? value >> (bits - 8) : Math.round((value * 255) / (2 ** bits - 1));
  return Uint8Array.from({ length: 2 ** depth }, (_, value) => {
    if (!palette || column === null) return scale(value, depth);
    const entry = palette.entries[Math.min(value, palette.entries.length - 1)];
    return scale(entry?.[column] ?? 0, palette.bits[column] ?? 8);
  });
}

/** sYCC of full range to sRGB, in place. Source: IEC 61966-2-1, amendment 1. */
function convertToRgb(pixels: Uint8Array, channels: number): void {
  // Assignment rounds down, and a clamped view would round half to even.
  const clamp = (value: number) => Math.min(255, Math.max(0, value + 0.5));
  for (let at = 0; at < pixels.length; at += channels) {
    const luma = pixels[at] as number;
    const cb = (pixels[at + 1] as number) - 128;
    const cr = (pixels[at + 2] as number) - 128;
    pixels[at] = clamp(luma + 1.402 * cr);
    pixels[at + 1] = clamp(luma - 0.344136 * cb - 0.714136 * cr);
    pixels[at + 2] = clamp(luma + 1.772 * cb);
  }
}

/** Alpha of zero in all pixels is no alpha. */
function fillEmptyAlpha(pixels: Uint8Array, channels: number): void {
  for (let at = channels - 1; at < pixels.length; at += channels) if (pixels[at] !== 0) return;
  for (let at = channels - 1; at < pixels.length; at += channels) pixels[at] = 255;
}

/** Bytes of OpenJPEG's description of a tile, of a component in it, and of a block of 4,096 samples. */
const TILE_BYTES = 6_000;
const TILE_COMPONENT_BYTES = 1_200;
const BLOCK_BYTES = 300;
const BLOCK_SAMPLES = 4_096;

/**
 * Bytes that decoding takes at its peak: the file twice, all components in 32 bits, the decoded samples with their
 * copy, and the result before and after color conversion.
 */
function estimateBytes({ codestream, plan }: Jpeg2000, level: number): number {
  const { width, height, tileWidth, tileHeight, components, length } = codestream;
  const pixels = Math.ceil(width / 2 ** level) * Math.ceil(height / 2 ** level);
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  const tilePixels = Math.min(width, tileWidth) * Math.min(height, tileHeight);
  const channels = plan.colors.length + (plan.alpha ? 1 : 0);
  const groups = groupComponents(codestream, listComponents(plan.colors));
  const largestGroup = Math.max(...groups.map((group) => group.length));
  const sampleBytes = Math.max(...decodedBits(codestream)) > 8 ? 2 : 1;
  const isSelected = components.length > largestGroup;
  return (
    2 * length +
    pixels * 4 * (components.length + (isSelected ? largestGroup : 0)) +
    pixels * largestGroup * sampleBytes * 2 +
    pixels * channels * 2 +
    tiles * (TILE_BYTES + components.length * TILE_COMPONENT_BYTES) +
    ((tilePixels * components.length) / BLOCK_SAMPLES) * BLOCK_BYTES
  );
}

function checkMemory(codestream: Codestream, plan: ChannelPlan, level: number): void {
  const bytes = Math.round(estimateBytes({ codestream, plan }, level));
  if (bytes <= MAX_CODEC_BYTES) return;
  const message = `Decoding the JPEG 2000 file at resolution level ${level} of ${codestream.levels} takes ${grouped(bytes)} bytes of memory. The limit is ${grouped(MAX_CODEC_BYTES)} bytes. Save it with more resolution levels, or as a tiled TIFF.`;
  throw imageTooLarge('bytes', bytes, MAX_CODEC_BYTES, message);
}

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import createCodec from '@cornerstonejs/codec-openjpeg/decodewasmjs';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ByteSource } from '../byte-source.js';
import { unsupportedFeature } from '../image-errors.js';
import { type Codestream, damaged, LABEL, REMEDY, SIZE_SEGMENT_BYTES } from './read-codestream.js';

/** Unsigned samples of some components, interleaved. */
export interface DecodedSamples {
  readonly width: number;
  readonly height: number;
  readonly samples: Uint8Array | Uint16Array;
  /** Bits of each component. */
  readonly bits: readonly number[];
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Warnings of OpenJPEG after which some samples are wrong or missing. */
const DAMAGE =
  /segment too long|PTERM check|Malformed HT|SOP marker|EPH marker|EOC is also missing|inconsistent with stream|illegal/i;

const OUT_OF_MEMORY = /memory|OOM|bad_alloc/i;

/** Bits of the samples that the decoder's interface passes on. */
const MAX_SAMPLE_BITS = 16;

/**
 * The precision to which components are decoded: as stored, or 8 bits for more. Only the irreversible transform allows
 * that, because its step sizes are relative to the precision that the header declares.
 */
export function decodedBits({ components, isIrreversible }: Codestream): number[] {
  return components.map(({ bits }) => (isIrreversible ? Math.min(bits, 8) : bits));
}

/** Groups of components that one run of the decoder returns: three of up to 8 bits, or a single one. */
export function groupComponents(codestream: Codestream, wanted: readonly number[]): number[][] {
  const bits = decodedBits(codestream);
  const areBytes = wanted.every((component) => (bits[component] ?? 0) <= 8);
  if (wanted.length < 3 || !areBytes) return wanted.map((component) => [component]);
  return [wanted.slice(0, 3), ...wanted.slice(3).map((component) => [component])];
}

/**
 * Decodes components at a resolution level. The decoder's interface returns one component, or the first three in 8
 * bits. To get others, the codestream is wrapped in a JP2 file whose component mapping names them. Signed samples are
 * declared unsigned, which adds half of their range.
 *
 * @param group one component, or three of up to 8 bits
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, MEDIA_TOO_EXPENSIVE
 */
export async function decodeComponents(
  source: ByteSource,
  codestream: Codestream,
  group: readonly number[],
  level: number,
): Promise<DecodedSamples> {
  const declared = decodedBits(codestream);
  const bits = group.map((component) => declared[component] ?? 0);
  const tooWide = bits.find((depth) => depth > MAX_SAMPLE_BITS);
  if (tooWide !== undefined) throw unsupportedFeature(LABEL, `${tooWide} bits per sample`, REMEDY);
  const isDirect =
    codestream.components.length === group.length &&
    group.every((component, index) => component === index);
  const wrapper = isDirect ? new Uint8Array() : wrapComponents(codestream, group, bits);
  const inputBytes = wrapper.length + codestream.length + END_OF_CODESTREAM.length;
  const decoded = await runDecoder(level, inputBytes, (input) => {
    input.set(wrapper);
    copyCodestream(source, codestream, declared, input.subarray(wrapper.length));
  });
  const width = Math.ceil(codestream.width / 2 ** level);
  const height = Math.ceil(codestream.height / 2 ** level);
  const sampleBytes = (bits[0] ?? 0) > 8 ? 2 : 1;
  if (decoded.length < width * height * group.length * sampleBytes) {
    throw damaged('its samples are incomplete');
  }
  const { buffer, byteOffset } = decoded;
  const SamplesOf = sampleBytes === 2 ? Uint16Array : Uint8Array;
  const samples = new SamplesOf(buffer, byteOffset, width * height * group.length);
  return { width, height, samples, bits };
}

/** Each file gets an instance of its own: the memory of an instance only grows. */
async function runDecoder(
  level: number,
  inputBytes: number,
  fill: (input: Uint8Array) => void,
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const module = await (compiled ??= compile());
  const log: string[] = [];
  const note = (line: string) => {
    if (log.length < 100 && /ERROR|WARNING/.test(line)) log.push(line);
  };
  try {
    const codec = await createCodec({
      instantiateWasm(imports, done) {
        done(new WebAssembly.Instance(module, imports));
        return {};
      },
      ...{ print: note, printErr: note },
    });
    const decoder = new codec.J2KDecoder();
    fill(decoder.getEncodedBuffer(inputBytes));
    decoder.decodeSubResolution(level, 0);
    const isDecoded = decoder.getFrameInfo().width > 0;
    if (isDecoded && !log.some((line) => DAMAGE.test(line))) return decoder.getDecodedBuffer();
  } catch (error) {
    log.push(error instanceof Error ? error.message : 'exception');
  }
  const cause = new Error(log.join('\n'));
  if (log.some((line) => OUT_OF_MEMORY.test(line))) throw tooExpensive(cause);
  throw damaged('its decoder rejects it', undefined, cause);
}

async function compile(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@cornerstonejs/codec-openjpeg/decodewasm');
  return await WebAssembly.compile(await readFile(path));
}

function tooExpensive(cause: Error): SalamandraError {
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    'Decoding the JPEG 2000 file takes more memory than the limit. Save it in smaller tiles, or as a tiled TIFF.',
    { cause },
  );
}

/** Bytes that are copied at once, so that a large file is not in memory twice. */
const PIECE_BYTES = 4_000_000;

const END_OF_CODESTREAM = [0xff, 0xd9];

/** Copies the codestream, replaces precision and sign of its components, and adds the marker that some writers omit. */
function copyCodestream(
  source: ByteSource,
  { offset, length }: Codestream,
  bits: readonly number[],
  target: Uint8Array,
): void {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    target.set(source.read(offset + at, Math.min(PIECE_BYTES, length - at)), at);
  }
  target.set(END_OF_CODESTREAM, length);
  bits.forEach((depth, index) => {
    target[2 + SIZE_SEGMENT_BYTES + index * 3] = depth - 1;
  });
}

/** The boxes before the codestream of a JP2 file whose channels are the given components. */
function wrapComponents(
  { width, height, components }: Codestream,
  group: readonly number[],
  bits: readonly number[],
): Uint8Array {
  const size = Buffer.alloc(14);
  size.writeUInt32BE(height, 0);
  size.writeUInt32BE(width, 4);
  size.writeUInt16BE(components.length, 8);
  size.set([7, 7, 0, 0], 10);
  const space = group.length === 3 ? 16 : 17;
  const color = Buffer.from([1, 0, 0, 0, 0, 0, space]);
  // A mapping needs a palette; no channel uses its only entry.
  const depths = bits.map((depth) => depth - 1);
  const entry = bits.map((depth) => Buffer.alloc(depth > 8 ? 2 : 1));
  const palette = Buffer.concat([Buffer.from([0, 1, group.length, ...depths]), ...entry]);
  const mapping = Buffer.concat(
    group.map((component) => Buffer.from([component >> 8, component & 255, 0, 0])),
  );
  return Buffer.concat([
    box('jP  ', Buffer.from('\r\n\x87\n', 'latin1')),
    box('ftyp', Buffer.from('jp2 \0\0\0\0jp2 ', 'latin1')),
    box(
      'jp2h',
      Buffer.concat([
        box('ihdr', size),
        box('colr', color),
        box('pclr', palette),
        box('cmap', mapping),
      ]),
    ),
    // Up to the end of the file.
    Buffer.from('\0\0\0\0jp2c', 'latin1'),
  ]);
}

function box(type: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type createLibheif from 'libheif-js/libheif-wasm/libheif.js';

import { unsupportedFeature } from '../image-errors.js';

/** Upright pixels. */
interface HeifPixels {
  readonly width: number;
  readonly height: number;
  /** Bytes per row of `rgba`. */
  readonly stride: number;
  readonly rgba: Uint8Array;
}

/**
 * Decodes the primary image of a HEIF file with HEVC. Rotation and mirroring of the file are applied, and samples of
 * more than 8 bits are reduced.
 *
 * @throws Error for a damaged file; UNSUPPORTED_FEATURE if the optional package is not installed.
 */
export async function decodeHevc(file: Uint8Array): Promise<HeifPixels> {
  const { create, wasmBinary } = await loadLibheif();
  const log: string[] = [];
  const note = (line: string) => void log.push(line);
  // Each file gets an instance of its own: the memory of an instance only grows.
  const libheif = create({ wasmBinary, print: note, printErr: note });
  const context = libheif.heif_context_alloc();
  const read = libheif.heif_context_read_from_memory(context, file);
  if (read.code !== libheif.heif_error_code.heif_error_Ok) throw new Error(read.message);
  const handle = libheif.heif_js_context_get_primary_image_handle(context);
  if (!handle || isError(handle)) throw new Error(handle?.message ?? log.join('\n'));
  const image = await libheif.heif_js_decode_image2(
    handle,
    libheif.heif_colorspace.heif_colorspace_RGB,
    libheif.heif_chroma.heif_chroma_interleaved_RGBA,
  );
  if (!image || isError(image)) throw new Error(image?.message ?? log.join('\n'));
  const [channel] = image.channels;
  if (!channel || channel.data.length < channel.stride * image.height)
    throw new Error('no channel');
  const { width, height } = image;
  return { width, height, stride: channel.stride, rgba: channel.data };
}

function isError<T extends object>(value: T): value is Extract<T, { readonly message: string }> {
  return 'message' in value;
}

interface LoadedLibheif {
  readonly create: typeof createLibheif;
  readonly wasmBinary: Uint8Array;
}

let loaded: Promise<LoadedLibheif> | undefined;

/** libheif is under the LGPL, and therefore an optional dependency that can be left out or replaced. */
function loadLibheif(): Promise<LoadedLibheif> {
  return (loaded ??= load().catch((cause: unknown) => {
    loaded = undefined;
    throw unsupportedFeature(
      'HEIC',
      'HEVC compression, whose decoder is not installed',
      'Run `npm install libheif-js`, or convert the image to JPEG.',
      cause,
    );
  }));
}

async function load(): Promise<LoadedLibheif> {
  const path = createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif.wasm');
  const wasmBinary = await readFile(path);
  const { default: create } = await import('libheif-js/libheif-wasm/libheif.js');
  return { create, wasmBinary };
}

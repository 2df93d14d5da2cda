import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import createCodec from '@jsquash/jxl/codec/dec/jxl_dec.js';

import type { ByteSource } from '../byte-source.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';

let compiled: Promise<WebAssembly.Module> | undefined;

/** What the codec makes of its result. Browsers have it, Node.js does not. */
class ImageData {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/**
 * Decodes the first frame of a JPEG XL file to an upright baseline TIFF in sRGB with alpha. The codec converts colors.
 *
 * @throws Error for a damaged file.
 */
export async function decodeJxl(source: ByteSource): Promise<Uint8Array> {
  const module = await (compiled ??= compile());
  Object.assign(globalThis, { ImageData });
  const ignore = () => undefined;
  // Each file gets an instance of its own: the memory of an instance only grows.
  const codec = await createCodec({
    noInitialRun: true,
    instantiateWasm(imports, done) {
      done(new WebAssembly.Instance(module, imports));
      return {};
    },
    ...{ print: ignore, printErr: ignore },
  });
  const image = codec.decode(source.read(0, source.length));
  if (!image) throw new Error('The codec rejects the file.');
  const { width, height, data } = image;
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: 'straight' },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  pixels.set(data);
  return file;
}

async function compile(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@jsquash/jxl/codec/dec/jxl_dec.wasm');
  return await WebAssembly.compile(await readFile(path));
}

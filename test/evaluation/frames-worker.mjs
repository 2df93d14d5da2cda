/**
 * The inference worker of the built service, which also accepts videos as files of uncompressed frames (see
 * video-files.ts): these need no codec and are lossless.
 */
import { readFile } from 'node:fs/promises';
import { URL } from 'node:url';

import { createLocalEngine } from '../../dist/engine/local-engine.js';
import { createMediaWorkerDecoder } from '../../dist/workers/media-worker-decoder.js';
import { serveEngine } from '../../dist/workers/serve-engine.js';
import { installModel } from '../../dist/models/install/install-model.js';
import { loadModelPackage } from '../../dist/models/package/model-package.js';
import { resizeImage } from '../../dist/vision/resize-image.js';

const { performance } = globalThis;

serveEngine(async (configuration, onProgress) => {
  const directory = await installModel(configuration, ({ stage, done, total }) =>
    onProgress({ step: `converting ${stage}`, fraction: total === 0 ? 1 : done / total }),
  );
  const decoder = createMediaWorkerDecoder({
    entry: new URL('../../dist/workers/media.worker.js', import.meta.url),
  });
  return createLocalEngine(await loadModelPackage(directory), {
    threads: configuration.threads,
    mediaDecoder: {
      tile: (request, signal) => decoder.tile(request, signal),
      sampleVideo: (request, signal) =>
        request.path.endsWith('.frames')
          ? sampleFrames(request)
          : decoder.sampleVideo(request, signal),
      close: () => decoder.close(),
    },
  });
});

/** All frames of the file, or as many as fit, evenly spaced, each resized to one tile. */
async function sampleFrames({ path, geometry, maxFrames }) {
  const startMs = performance.now();
  const bytes = await readFile(path);
  const [width, height, count] = [0, 4, 8].map((offset) => bytes.readUInt32LE(offset));
  const frameBytes = width * height * 3;
  const taken = Math.min(count, maxFrames);
  const numbers = Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
  const decodedMs = performance.now();
  const { tileSize, resample } = geometry.imageProcessor;
  const tiles = numbers.map((number) => {
    const start = 12 + number * frameBytes;
    const data = new Uint8Array(bytes.subarray(start, start + frameBytes));
    return resizeImage({ width, height, data }, tileSize, resample).data;
  });
  return {
    tiles,
    timestampsSeconds: numbers,
    width,
    height,
    durationSeconds: count,
    framesRequested: count,
    mediaDecodeMs: decodedMs - startMs,
    tileMs: performance.now() - decodedMs,
  };
}

import type { MediaInspector, VideoMetadata } from '../../src/workers/media-inspector.js';
import type { TimeRange } from '../../src/media/frame-sampling.js';

/** Reports the same 300x200 image, or the same 60-second video of three shots, for every file. */
export interface FakeInspector extends MediaInspector {
  metadata: VideoMetadata;
  shots: readonly TimeRange[];
  paths: string[];
  /** A WebP file, or the reason why there is none. */
  thumbnail: Uint8Array | Error;
}

export function createFakeInspector(): FakeInspector {
  const inspector: FakeInspector = {
    metadata: {
      durationSeconds: 60,
      width: 30,
      height: 20,
      frameRate: 25,
      clockRestarts: 0,
      timecode: null,
    },
    shots: [0, 20, 40].map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 20 })),
    paths: [],
    inspectImage: () => Promise.resolve({ width: 300, height: 200 }),
    inspect(path) {
      inspector.paths.push(path);
      return Promise.resolve(inspector.metadata);
    },
    detectShots: (_path, { maxShots }) => Promise.resolve(inspector.shots.slice(0, maxShots)),
    thumbnail: Buffer.from('a thumbnail'),
    drawThumbnail: () =>
      inspector.thumbnail instanceof Error
        ? Promise.reject(inspector.thumbnail)
        : Promise.resolve(inspector.thumbnail),
    close: () => Promise.resolve(),
  };
  return inspector;
}

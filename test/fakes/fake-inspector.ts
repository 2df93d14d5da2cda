import type { VideoInspector, VideoOutline } from '../../src/workers/media-inspector.js';
import type { TimeRange } from '../../src/media/frame-sampling.js';

/** An inspector that reports the same image or the same video of three 20-second shots for every file. */
export interface FakeInspector extends VideoInspector {
  outline: VideoOutline;
  shots: readonly TimeRange[];
  paths: string[];
}

export function createFakeInspector(): FakeInspector {
  const inspector: FakeInspector = {
    outline: { durationSeconds: 60, width: 30, height: 20, frameRate: 25 },
    shots: [0, 20, 40].map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 20 })),
    paths: [],
    inspectImage: () => Promise.resolve({ width: 300, height: 200 }),
    inspect(path) {
      inspector.paths.push(path);
      return Promise.resolve(inspector.outline);
    },
    findShots: (_path, { maxShots }) => Promise.resolve(inspector.shots.slice(0, maxShots)),
    close: () => Promise.resolve(),
  };
  return inspector;
}

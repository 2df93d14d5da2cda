import { MAX_DETECT_SHOTS_MS, MAX_INSPECT_MS } from '../config/limits.js';
import type { ShotDetectionOptions } from '../media/detect-shots.js';
import type { TimeRange } from '../media/frame-sampling.js';
import type { VideoMetadata } from '../media/probe-video.js';
import type { Size } from '../vision/vision-geometry.js';
import { createMediaWorker, type MediaWorkerOptions } from './media-worker-process.js';
import { createArrivalHandles } from '../engine/scheduling/queue-ticket.js';

export type { VideoMetadata };

/** Looks into clips and pictures without a model, in processes beside those that decode for the model. */
export interface VideoInspector {
  /** Pixels of the upright picture, from its header. @throws the media codes; the signal's reason when it aborts. */
  inspectImage(bytes: Uint8Array, signal?: AbortSignal): Promise<Size>;
  /** @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason when it aborts. */
  inspect(path: string, signal?: AbortSignal): Promise<VideoMetadata>;
  /**
   * The shots of a clip or of a range, in order and without gaps; at least one. `detectShots` in `media/` says how.
   *
   * @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason when it aborts.
   */
  findShots(
    path: string,
    search: ShotDetectionOptions,
    signal?: AbortSignal,
  ): Promise<readonly TimeRange[]>;
  close(): Promise<void>;
}

/**
 * An inspector whose processes start with the first file. Headers are read in a moment and shots looked for for minutes, so
 * that there is one for each.
 */
export function createVideoInspector(options: MediaWorkerOptions): VideoInspector {
  const headers = createMediaWorker(options);
  const shots = createMediaWorker(options);
  const arrive = createArrivalHandles();
  return {
    inspectImage: (bytes, signal) =>
      headers.run({ type: 'inspect-image', bytes }, MAX_INSPECT_MS, arrive(signal)),
    inspect: (path, signal) =>
      headers.run({ type: 'inspect', path }, MAX_INSPECT_MS, arrive(signal)),
    findShots: (path, search, signal) =>
      shots.run({ type: 'find-shots', path, search }, MAX_DETECT_SHOTS_MS, arrive(signal)),
    async close() {
      await Promise.all([headers.close(), shots.close()]);
    },
  };
}

import {
  DEFAULT_IMAGE_PIXELS,
  MAX_DETECT_SHOTS_MS,
  MAX_INSPECT_MS,
  MAX_THUMBNAIL_MS,
  THUMBNAIL_SIDE_PIXELS,
} from '../config/limits.js';
import type { EncodedFile } from '../media/byte-source.js';
import type { ShotDetectionOptions } from '../media/detect-shots.js';
import type { TimeRange } from '../media/frame-sampling.js';
import type { VideoMetadata } from '../media/probe-video.js';
import type { Size } from '../vision/vision-geometry.js';
import { createMediaLanes } from './media-lanes.js';
import { createMediaWorkers, type MediaWorkerOptions } from './media-worker-process.js';
import { createArrivalHandles } from '../engine/scheduling/queue-ticket.js';

export type { VideoMetadata };

/** A file whose thumbnail is drawn. */
type ThumbnailSource =
  | { readonly kind: 'image'; readonly file: EncodedFile; readonly page: number | undefined }
  | { readonly kind: 'video'; readonly path: string };

interface ThumbnailOptions extends MediaCaller {
  /** Pixels of its longer side. Default: THUMBNAIL_SIDE_PIXELS. */
  readonly sidePixels?: number;
}

/** Whose file is read. */
export interface MediaCaller {
  /** For fair scheduling between clients. Undefined if there is only one. */
  readonly client?: string;
  readonly signal?: AbortSignal;
}

/** Reads headers and finds shots without a model, in processes of its own. */
export interface MediaInspector {
  /**
   * Size in pixels after rotation, from the header.
   *
   * @param page of a document, counted from 1. Undefined: the one that the format chooses.
   * @throws the media codes, INVALID_PARAMETER; the signal's reason if it aborts.
   */
  inspectImage(file: EncodedFile, page?: number, signal?: AbortSignal): Promise<Size>;
  /** Duration, size and frame rate. @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason if it aborts. */
  inspect(path: string, caller?: MediaCaller): Promise<VideoMetadata>;
  /**
   * The shots of a video or of a time range, in order and without gaps; at least one (see `detectShots` in media/).
   *
   * @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason if it aborts.
   */
  detectShots(
    path: string,
    search: ShotDetectionOptions,
    caller?: MediaCaller,
  ): Promise<readonly TimeRange[]>;
  /**
   * A thumbnail as WebP.
   *
   * @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason if it aborts.
   */
  drawThumbnail(source: ThumbnailSource, options?: ThumbnailOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface MediaInspectorOptions extends MediaWorkerOptions {
  /** Pixels of an image. Undefined: DEFAULT_IMAGE_PIXELS. */
  readonly maxPixels?: number | undefined;
}

/**
 * Creates an inspector whose processes start with the first file. Images, headers of videos and shots have processes
 * each, because a header takes milliseconds and a shot search minutes.
 */
export function createMediaInspector({
  maxPixels = DEFAULT_IMAGE_PIXELS,
  ...options
}: MediaInspectorOptions): MediaInspector {
  const images = createMediaWorkers(options);
  const videos = createMediaLanes(options);
  const nextHandle = createArrivalHandles();
  return {
    inspectImage(file, page, signal) {
      const task = { type: 'inspect-image', file, page, maxPixels } as const;
      return images.run(task, MAX_INSPECT_MS, nextHandle(signal));
    },
    inspect: (path, { signal, client } = {}) =>
      videos.run({ type: 'inspect', path }, MAX_INSPECT_MS, nextHandle(signal, client)),
    detectShots(path, search, { signal, client } = {}) {
      const task = { type: 'detect-shots', path, search } as const;
      return videos.run(task, MAX_DETECT_SHOTS_MS, nextHandle(signal, client));
    },
    drawThumbnail(source, { signal, client, sidePixels = THUMBNAIL_SIDE_PIXELS } = {}) {
      const handle = nextHandle(signal, client);
      return source.kind === 'image'
        ? images.run(
            { ...source, type: 'image-thumbnail', maxPixels, sidePixels },
            MAX_THUMBNAIL_MS,
            handle,
          )
        : videos.run({ ...source, type: 'video-thumbnail', sidePixels }, MAX_THUMBNAIL_MS, handle);
    },
    async close() {
      await Promise.all([images.close(), videos.close()]);
    },
  };
}

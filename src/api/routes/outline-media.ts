import type { MediaOutline } from '../../measure/doctor/estimate.js';
import type { VideoInspector } from '../../workers/media-inspector.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { clipSpan, countWishedFrames } from '../../media/plan-frame-times.js';
import { noDecodableFrame } from '../../media/video-errors.js';
import type { MediaResolver, MediaSource } from '../media/media-resolver.js';
import { resolveMedia } from '../media/requested-media.js';
import type { EstimateMediaDto } from './estimate.dto.js';

interface EstimatedMedia {
  /** Uploads, in the order of the form. */
  readonly files: readonly MediaSource[];
  readonly media: EstimateMediaDto | readonly EstimateMediaDto[] | undefined;
  readonly sampling: FrameSampling;
}

interface MediaReaders {
  readonly intake: MediaResolver;
  readonly inspector: VideoInspector;
}

/**
 * The sizes of a request's media, in order: as they are given, or read from the headers of what was sent.
 *
 * @throws INVALID_REQUEST where a size is given by halves, NO_DECODABLE_FRAME, and what taking and inspecting media throws.
 */
export async function outlineMedia(
  { files, media, sampling }: EstimatedMedia,
  { intake, inspector }: MediaReaders,
  signal: AbortSignal,
): Promise<MediaOutline[]> {
  const items = [media ?? []].flat();
  const sized = items.map((item) => outlineOf(item, sampling));
  const sent = items.filter((_, index) => sized[index] === null);
  const sources = resolveMedia(files, media === undefined ? undefined : sent);
  const taken = await intake.resolve(sources, sampling, signal);
  try {
    const inspected: MediaOutline[] = [];
    for (const one of taken.media) inspected.push(await inspect(one, inspector, signal));
    if (media === undefined) return inspected;
    return sized.flatMap((outline) => outline ?? inspected.shift() ?? []);
  } finally {
    await taken.release();
  }
}

/** The size that was given; null for media that were sent. @throws INVALID_REQUEST */
function outlineOf(item: EstimateMediaDto, sampling: FrameSampling): MediaOutline | null {
  const { base64, url, width, height, duration_seconds: durationSeconds } = item;
  const isSent = base64 !== undefined || url !== undefined;
  const isSized = width !== undefined || height !== undefined || durationSeconds !== undefined;
  if (isSent && !isSized) return null;
  if (!isSent && durationSeconds !== undefined) return outlineClip(sampling, durationSeconds);
  if (!isSent && width !== undefined && height !== undefined) {
    return { kind: 'image', width, height };
  }
  throw new SalamandraError(
    'INVALID_REQUEST',
    'Of each of the media, send "width" and "height", "duration_seconds", "base64" or "url".',
  );
}

async function inspect(
  media: RequestMedia,
  inspector: VideoInspector,
  signal: AbortSignal,
): Promise<MediaOutline> {
  if (media.kind === 'image') {
    return { kind: 'image', ...(await inspector.inspectImage(media.bytes, signal)) };
  }
  const { durationSeconds } = await inspector.inspect(media.path, signal);
  return outlineClip(media.sampling, durationSeconds);
}

/** A clip that does not say how long it is has one frame taken. @throws NO_DECODABLE_FRAME for a range outside the clip */
function outlineClip(
  { frames, range }: FrameSampling,
  durationSeconds: number | null,
): MediaOutline {
  if (durationSeconds === null) return { kind: 'video', framesRequested: 1 };
  const span = clipSpan(range, durationSeconds);
  if (!span) throw noDecodableFrame();
  return { kind: 'video', framesRequested: countWishedFrames(frames, span) };
}

import {
  countFrameTokens,
  countVideoTokens,
  countVisualTokens,
} from '../vision/count-visual-tokens.js';
import type { Detail } from '../vision/plan-tiles.js';
import type { TiledMedia, TiledVideo } from './media-decoder.js';
import type { PipelineParts, VisionParts } from './pipeline-parts.js';
import type { MediaReport, RequestMedia } from './vision-language-engine.js';
import { shareFrames } from './visual-token-budget.js';

/** A picture or a clip as tiles. */
export type DecodedMedia =
  | ({ readonly kind: 'image' } & TiledMedia)
  | ({ readonly kind: 'video'; readonly visualTokens: number } & TiledVideo);

/** The fewest embeddings that media can become: one tile a picture, one frame a clip. None for a model without sight. */
export function countLeastTokens(
  media: readonly { readonly kind: RequestMedia['kind'] }[],
  vision: Pick<VisionParts, 'geometry'> | null,
): number {
  if (!vision) return 0;
  const { geometry } = vision;
  return media.reduce((total, { kind }) => {
    const least =
      kind === 'video'
        ? countVideoTokens(1, geometry)
        : countVisualTokens({ width: 1, height: 1 }, null, geometry);
    return total + least;
  }, 0);
}

/**
 * Decodes all media of a request, within a budget of embeddings. What the least of each leaves goes to the frames of
 * clips first and then to the detail of the picture. As in Hugging Face's processor, one picture is cut into tiles, and
 * several are one padded tile each.
 *
 * @param maxVisualTokens at least `countLeastTokens` of the media
 * @returns one for each, in the order of the request; none for a model without sight, which is shown none
 * @throws what the media decoder throws
 */
export async function decodeMedia(
  media: readonly RequestMedia[],
  detail: Detail,
  maxVisualTokens: number,
  { mediaDecoder, vision }: Pick<PipelineParts, 'mediaDecoder' | 'vision'>,
  signal?: AbortSignal,
): Promise<DecodedMedia[]> {
  if (!vision) return [];
  const { geometry } = vision;
  let spareTokens = maxVisualTokens - countLeastTokens(media, vision);
  const frameTokens = countFrameTokens(geometry);
  const decoded = new Map<RequestMedia, DecodedMedia>();

  const clips = media.filter((one) => one.kind === 'video');
  const wishes = clips.map(({ sampling: { frames } }) =>
    'count' in frames ? frames.count : Infinity,
  );
  for (const [index, clip] of clips.entries()) {
    // Shared anew for every clip: one that turned out short leaves its frames to the others.
    const [maxFrames = 1] = shareFrames(wishes.slice(index), spareTokens, frameTokens);
    const { path, sampling } = clip;
    const request = { path, geometry, sampling, maxFrames };
    const video = await mediaDecoder.sampleVideo(request, signal);
    spareTokens -= (video.tiles.length - 1) * frameTokens;
    const visualTokens = countVideoTokens(video.tiles.length, geometry);
    decoded.set(clip, { kind: 'video', ...video, visualTokens });
  }

  const pictures = media.filter((one) => one.kind === 'image');
  const layout = pictures.length === 1 ? 'anyres' : 'square';
  const maxImageTokens = spareTokens + countLeastTokens([{ kind: 'image' }], vision);
  for (const picture of pictures) {
    const { bytes } = picture;
    const request = { bytes, geometry, detail, maxVisualTokens: maxImageTokens, layout } as const;
    decoded.set(picture, { kind: 'image', ...(await mediaDecoder.tile(request, signal)) });
  }
  return media.flatMap((one) => decoded.get(one) ?? []);
}

/** What is told of one of the media. */
export function reportMedia(media: DecodedMedia): MediaReport {
  const { sha256 } = media;
  if (media.kind === 'image') {
    const { imageSize, tiles, grid, visualTokens } = media.plan;
    return { kind: 'image', ...imageSize, tiles, grid, visualTokens, sha256 };
  }
  const { width, height, durationSeconds, framesWished, timestampsSeconds, visualTokens } = media;
  return {
    kind: 'video',
    ...{ width, height, durationSeconds, framesWished, visualTokens, sha256 },
    frames: timestampsSeconds.map((timestampSeconds) => ({ timestampSeconds })),
  };
}

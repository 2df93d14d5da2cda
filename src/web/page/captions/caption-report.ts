import type { RunReport } from '../report/reports.js';
import type { VideoReport } from '../service/api-types.js';
import type { CaptionRun } from './caption-run.js';

/** What a run says of its file by now; null until it says enough. */
export function toRunReport(run: CaptionRun): RunReport | null {
  const { media, usage, timings } = run;
  if (!media) return null;
  if ('visual_tokens' in media) return { media, usage, timings };
  const visualTokens = segmentTokens(run);
  if (visualTokens === null) return null;
  const { width, height, duration_seconds } = media;
  const report: VideoReport = {
    ...{ kind: 'video', width, height, duration_seconds },
    frames: run.parts.flatMap(({ frames }) => frames),
    frames_wished: wishedFrames(run),
    visual_tokens: visualTokens,
  };
  // Each segment has the context for itself: the sum of what they used is no part of one.
  return { media: report, usage: null, timings };
}

/** Of one segment, on average: the service says the sum over all texts. */
function segmentTokens({ parts, request, usage }: CaptionRun): number | null {
  const texts = parts.length * request.languages.length;
  return usage && texts > 0 ? Math.round(usage.image_tokens / texts) : null;
}

function wishedFrames({ parts, request }: CaptionRun): number {
  return request.of === 'picture' ? 0 : request.frames * parts.length;
}

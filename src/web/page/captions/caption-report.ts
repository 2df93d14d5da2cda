import type { RunReport } from '../report/report-store.js';
import type { VideoReport } from '../service/api-types.js';
import type { CaptionRun } from './caption-run.js';

/** The report of a run. `null` until the service has sent the number of visual tokens. */
export function toRunReport(run: CaptionRun): RunReport | null {
  const { media, usage, usageLanguage, timings } = run;
  if (!media) return null;
  if ('visual_tokens' in media) {
    const texts = run.request.languages.length;
    const subject =
      usageLanguage === null ? null : ({ of: 'text', language: usageLanguage, texts } as const);
    return { media, usage, timings, subject };
  }
  const visualTokens = averageVisualTokens(run);
  if (visualTokens === null) return null;
  const { width, height, duration_seconds } = media;
  const report: VideoReport = {
    ...{ kind: 'video', width, height, duration_seconds },
    frames: run.parts.flatMap(({ frames }) => frames),
    frames_requested: framesRequested(run),
    visual_tokens: visualTokens,
  };
  // `usage` is the sum of all segments, but each text has the context for itself.
  return { media: report, usage: null, timings, subject: { of: 'segment' } };
}

/** Visual tokens of one text of one segment, on average: the service sends only the sum. */
function averageVisualTokens({ parts, request, usage }: CaptionRun): number | null {
  const texts = parts.length * request.languages.length;
  return usage && texts > 0 ? Math.round(usage.image_tokens / texts) : null;
}

function framesRequested({ parts, request }: CaptionRun): number {
  return request.of === 'image' ? 0 : request.frames * parts.length;
}

import type { MediaReport } from '../media/media-report.js';

/** What was made of a picture or a clip, in the words of the HTTP API. */
export function presentMedia(report: MediaReport): object {
  const { kind, sha256, width, height, visualTokens } = report;
  const common = { kind, sha256, width, height, visual_tokens: visualTokens };
  if (report.kind === 'image') return { ...common, tiles: report.tiles };
  return {
    ...common,
    duration_seconds: report.durationSeconds,
    frames: report.frames.map(({ timestampSeconds }) => timestampSeconds),
    frames_requested: report.framesRequested,
  };
}

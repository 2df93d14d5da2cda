import type { CaptionPart, CaptionRun, WrittenText } from './caption-run.js';

/** Captions as JSON: an object for one file, an array for several. */
export function formatCaptionsJson(runs: readonly CaptionRun[]): string {
  const files = runs.map(describeRun);
  return `${JSON.stringify(files.length === 1 ? files[0] : files, null, 2)}\n`;
}

/** Uses the field names of the HTTP API. */
function describeRun({ file, model, request, parts }: CaptionRun): object {
  if (request.of === 'segments') {
    const head = { file, model, kind: 'caption', granularity: request.segmentation.by };
    const seconds =
      request.segmentation.by === 'interval'
        ? { interval_seconds: request.segmentation.seconds }
        : {};
    const written = parts.filter(({ error }) => error === undefined);
    const missing = parts.flatMap(({ error }) => error ?? []);
    return { ...head, ...seconds, segments: written.flatMap(describeSegment), missing };
  }
  const texts = parts[0]?.texts ?? {};
  const captions = request.languages.flatMap((language) => {
    const written = texts[language];
    if (!written) return [];
    return [{ language, text: written.text, finish_reason: reasonOf(written) }];
  });
  return { file, model, kind: request.kind, captions };
}

function describeSegment({ range, texts, frames }: CaptionPart): object[] {
  if (!range) return [];
  const plain = Object.entries(texts).map(([language, { text }]) => [language, text]);
  // `end` is null for an unfinished segment.
  return [{ ...range, texts: Object.fromEntries(plain) as object, frames }];
}

/** Unfinished texts count as cancelled. */
function reasonOf({ ending }: WrittenText): string {
  if (ending === null) return 'cancelled';
  return ending === 'complete' ? 'stop' : ending;
}

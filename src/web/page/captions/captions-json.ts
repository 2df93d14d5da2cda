import type { CaptionPart, CaptionRun, WrittenText } from './caption-run.js';

/** What was written, as JSON for other programs: an object about one file, a list about several. */
export function formatCaptionsJson(runs: readonly CaptionRun[]): string {
  const files = runs.map(describeRun);
  return `${JSON.stringify(files.length === 1 ? files[0] : files, null, 2)}\n`;
}

/** In the names of the HTTP interface. */
function describeRun({ file, model, request, parts }: CaptionRun): object {
  if (request.of === 'segments') {
    const head = { file, model, kind: 'caption', granularity: request.cut.by };
    const seconds = request.cut.by === 'interval' ? { interval_seconds: request.cut.seconds } : {};
    return { ...head, ...seconds, segments: parts.flatMap(describeSegment) };
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
  // A segment that was not finished has no end yet.
  return [{ ...range, texts: Object.fromEntries(plain) as object, frames }];
}

/** A text that broke off was cancelled, by whomever. */
function reasonOf({ ending }: WrittenText): string {
  if (ending === null) return 'cancelled';
  return ending === 'whole' ? 'stop' : ending;
}

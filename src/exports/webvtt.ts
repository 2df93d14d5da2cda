import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import { formatWebVtt, type Cue, type MissingCue } from '../video-captions/webvtt.js';
import type { ExportContext, ExportedFile, FilesFormat } from './export-format.js';
import { exportPath } from './export-paths.js';
import { describeProvenance } from './provenance.js';
import { durationOf, isClip } from './segment-texts.js';
import { chosenItems, type ChosenItem } from './survey-items.js';

/** A track of descriptions for each clip and language. Images are left out. */
export const WEBVTT: FilesFormat = { kind: 'files', write: writeTracks };

/** The kind of text that describes what happens in a clip. */
const KIND = 'caption';

async function* writeTracks(context: ExportContext): AsyncGenerator<ExportedFile> {
  for await (const chosen of chosenItems(context)) {
    if (isClip(chosen.item)) yield* tracksOf(chosen, context);
  }
}

function tracksOf({ item, texts }: ChosenItem, context: ExportContext): ExportedFile[] {
  const path = exportPath(item, context.job.source);
  const captions = texts.filter(({ kind }) => kind === KIND);
  return [...new Set(captions.map(({ language }) => language))].flatMap((code) => {
    const ofLanguage = captions.filter(({ language }) => language === code);
    const cues = ofLanguage.flatMap((text) => toCue(text, item, context));
    if (cues.length === 0) return [];
    const missing = missingOf(item);
    const model = describeModel(context.job.model);
    return [
      {
        path: `${path}.${code}.vtt`,
        content: formatWebVtt({ language: { code }, model, cues, missing }),
      },
    ];
  });
}

/** Id, revision and precision, for the note at the start of a track. */
export function describeModel(model: PinnedModel | null): string {
  return model ? `${model.id} (revision ${model.revision}, ${model.precision})` : 'unknown';
}

function toCue(text: ReviewedText, item: ReviewedItem, { job, omit }: ExportContext): Cue[] {
  const range = text.segment ?? wholeOf(item);
  if (!range) {
    const reason = 'The file does not tell its duration, so the text has no time.';
    omit({ identifier: item.identifier, language: text.language, kind: text.kind, reason });
    return [];
  }
  const note = describeProvenance(text, job.model);
  return [{ ...range, text: text.text, timecodes: null, note }];
}

function wholeOf(item: ReviewedItem): Pick<Cue, 'startSeconds' | 'endSeconds'> | undefined {
  const endSeconds = durationOf(item);
  return endSeconds === undefined ? undefined : { startSeconds: 0, endSeconds };
}

/** The segments that have no text, as the report lists them. */
function missingOf({ report }: ReviewedItem): MissingCue[] {
  const { missing } = report as { readonly missing?: readonly MissingJson[] };
  return (missing ?? []).map(({ start, end, error }) => ({
    ...{ startSeconds: start, endSeconds: end },
    code: error.code,
  }));
}

interface MissingJson {
  readonly start: number;
  readonly end: number | null;
  readonly error: { readonly code: string };
}

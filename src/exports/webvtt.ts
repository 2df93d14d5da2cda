import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import { formatWebVtt, type Cue, type MissingCue } from '../video-captions/webvtt.js';
import type { ExportContext, ExportedFile, FilesFormat } from './export-format.js';
import { exportPath } from './export-paths.js';
import { describeProvenance } from './provenance.js';
import { fitDescriptions } from './descriptions/fit-descriptions.js';
import { clock, durationOf, isClip } from './segment-texts.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { chosenItems, type ChosenItem } from './survey-items.js';

/** A track of descriptions for each clip and language. Images are omitted. */
export const WEBVTT: FilesFormat = { kind: 'files', write: writeTracks };

/** The kind of text that describes what happens in a clip. */
const KIND = 'caption';

async function* writeTracks(context: ExportContext): AsyncGenerator<ExportedFile> {
  let clips = 0;
  for await (const chosen of chosenItems(context)) {
    if (!isClip(chosen.item)) {
      const { identifier } = chosen.item;
      context.omit({ identifier, reason: 'WebVTT has descriptions of videos only.' });
      continue;
    }
    clips += 1;
    if (clips > 1 && context.settings.dialogue) throw severalClips();
    yield* tracksOf(chosen, context);
  }
}

function tracksOf({ item, texts }: ChosenItem, context: ExportContext): ExportedFile[] {
  const path = exportPath(item, context.job.source);
  const captions = texts.filter(({ kind }) => kind === KIND);
  return [...new Set(captions.map(({ language }) => language))].flatMap((code) => {
    const ofLanguage = captions.filter(({ language }) => language === code);
    const cues = fitCues(
      ofLanguage.flatMap((text) => toCue(text, item, context)),
      { code, item, context },
    );
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

/** Moves cues into the gaps of the dialogue, if it is known. */
function fitCues(
  cues: readonly Cue[],
  {
    code,
    item,
    context: { settings, omit },
  }: { readonly code: string; readonly item: ReviewedItem; readonly context: ExportContext },
): readonly Cue[] {
  const { dialogue } = settings;
  if (!dialogue) return cues;
  const descriptions = cues.map((cue) => ({ language: code, text: cue.text, shot: cue, cue }));
  const end = Math.max(durationOf(item) ?? 0, ...cues.map(({ endSeconds }) => endSeconds));
  return fitDescriptions(descriptions, dialogue, end).flatMap((fitted) => {
    const { cue } = fitted.description;
    if ('spoken' in fitted) return [{ ...cue, ...fitted.spoken }];
    const reason = `${clock(cue.startSeconds)}: ${fitted.reason}`;
    omit({ identifier: item.identifier, language: code, kind: KIND, reason });
    return [];
  });
}

function severalClips(): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    'The subtitles are of one clip, and the export has several. Choose one by a search for its identifier.',
  );
}

/** Id, revision and precision, for the note at the start of a track. */
function describeModel(model: PinnedModel | null): string {
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

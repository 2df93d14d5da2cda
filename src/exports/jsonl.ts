import { languageCheckJson } from '../language/check/language-check-json.js';
import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import { textVersion } from '../review/text-version.js';
import { chooseTexts } from './choose-texts.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { provenanceOf } from './provenance.js';

/** One JSON object per item and line, with all that is known: drafts, rejected texts and failures too. */
export const JSONL: FileFormat = {
  kind: 'file',
  mediaType: 'application/jsonl; charset=utf-8',
  extension: 'jsonl',
  write: writeJsonLines,
};

async function* writeJsonLines({ items, choice, job }: ExportContext): AsyncGenerator<string> {
  for await (const item of items()) {
    const texts = chooseTexts(item, choice, 'kept');
    // A failure is no text that was reviewed.
    if (texts.length > 0 || (item.error && !choice.reviewedOnly)) {
      yield toJsonLine(itemJson(item, texts, job.model));
    }
  }
}

function itemJson(
  item: ReviewedItem,
  texts: readonly ReviewedText[],
  model: PinnedModel | null,
): object {
  const { identifier, record, source, sha256, state, review, flags, risk, error } = item;
  return {
    ...{ identifier, record, source, sha256 },
    ...{ state: state === 'dead' ? 'failed' : state, review, risk, flags },
    texts: texts.map((text) => textJson(text, model)),
    media: item.report['media'],
    error,
    finished: item.finishedAt === 0 ? null : new Date(item.finishedAt).toISOString(),
  };
}

function textJson(text: ReviewedText, model: PinnedModel | null): object {
  const { language, kind, segment, draft, draftChanged, finishReason, flags } = text;
  return {
    ...{ language, kind },
    ...(segment && { start: segment.startSeconds, end: segment.endSeconds }),
    ...{ text: text.text, draft, draft_changed: draftChanged, revision: textVersion(text) },
    ...provenanceOf(text, model),
    ...{ finish_reason: finishReason, flags },
    language_check: languageCheckJson(text.text, language),
    ...(text.receipt && { receipt: text.receipt }),
  };
}

/** Characters that JSON allows in strings and some readers of lines take for the end of one. */
const LINE_BREAKS = /[\u0085\u2028\u2029]/g;

/** A value as a line of JSONL, with its line feed. */
export function toJsonLine(value: unknown): string {
  const escape = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(LINE_BREAKS, escape)}\n`;
}

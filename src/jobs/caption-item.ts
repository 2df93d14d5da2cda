import { stat } from 'node:fs/promises';

import { collectOutcome } from '../engine/collect-outcome.js';
import { captionConversation } from '../engine/conversations.js';
import { checkMediaFile, mediaJson, openMedia } from '../engine/media-files.js';
import { provenanceJson } from '../engine/provenance.js';
import { resolveCaptionSettings } from '../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type Language, resolveLanguage } from '../language/languages.js';
import { hashFile } from '../media/hash-file.js';
import { captionVideo, type CaptionedSegment } from '../video-captions/caption-video.js';
import { planSegments } from '../video-captions/plan-segments.js';
import { toTimecodeClock } from '../video-captions/timecode.js';
import type { MediaInspector } from '../workers/media-inspector.js';
import type { Claim, ItemOutcome, ItemText } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import { findReusable } from './items.js';
import { fingerprintOf, type Recipe } from './recipe.js';
import type { MediaLocation } from './sources/source.js';

/** A local file with the bytes of an item: the file itself, or a copy that `dispose` removes. */
interface OpenedItem {
  readonly path: string;
  dispose(): Promise<void>;
}

export interface CaptionerOptions {
  readonly engine: VisionLanguageEngine;
  readonly database: JobDatabase;
  readonly inspector: MediaInspector;
  /** @throws NOT_FOUND and the errors of the location. */
  readonly openItem: (location: MediaLocation, signal: AbortSignal) => Promise<OpenedItem>;
}

/** Does the work of an item. @throws the errors of the file and the engine; the signal's reason. */
export type ProcessItem<C extends Claim = Claim> = (
  claim: C,
  signal: AbortSignal,
) => Promise<ItemOutcome>;

/** An item of an archive job. */
export interface ArchiveClaim extends Claim {
  readonly location: MediaLocation;
  readonly recipe: Recipe;
}

/** The texts of a file, and the report on it. */
interface Written {
  readonly texts: readonly ItemText[];
  readonly report: object;
}

/**
 * Captions items with the engine. A file whose content was captioned before, under the same recipe and by the same
 * model, gets the same texts without the model: also of another job, and of an item that is in work at the same time.
 */
export function createCaptioner({
  engine,
  database,
  inspector,
  openItem,
}: CaptionerOptions): ProcessItem<ArchiveClaim> {
  const inWork = new Map<string, Promise<Written>>();

  return async (claim, signal) => {
    const start = performance.now();
    const opened = await openItem(claim.location, signal);
    try {
      await checkMediaFile(opened.path, 'still');
      const model = await engine.describe();
      const before = await stat(opened.path);
      const sha256 = await hashFile(opened.path, signal);
      const fingerprint = fingerprintOf(sha256, claim.recipe, model);
      const earlier = inWork.get(fingerprint)?.catch(() => undefined);
      // A database that does not answer costs the saving only, and no attempt of the item.
      const reusable =
        (await earlier) ?? (await findReusable(database, fingerprint).catch(() => undefined));
      const written = reusable ?? (await writeOnce(fingerprint, opened.path, claim.recipe, model));
      const after = await stat(opened.path);
      if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changedMeanwhile();
      const isFile = claim.location.kind === 'file';
      return {
        ...written,
        ...{ fingerprint, sha256, isReused: reusable !== undefined },
        size: isFile ? before.size : 0,
        modifiedAt: isFile ? Math.round(before.mtimeMs) : 0,
        busyMs: performance.now() - start,
      };
    } finally {
      await opened.dispose();
    }

    async function writeOnce(
      fingerprint: string,
      path: string,
      recipe: Recipe,
      model: ModelDescription,
    ): Promise<Written> {
      const writing = writeTexts({ engine, inspector, path, recipe, model, signal });
      inWork.set(fingerprint, writing);
      try {
        return await writing;
      } finally {
        inWork.delete(fingerprint);
      }
    }
  };
}

interface WritingTask {
  readonly engine: VisionLanguageEngine;
  readonly inspector: MediaInspector;
  readonly path: string;
  readonly recipe: Recipe;
  readonly model: ModelDescription;
  readonly signal: AbortSignal;
}

async function writeTexts(task: WritingTask): Promise<Written> {
  const { engine, path, recipe, model, signal } = task;
  const media = await openMedia(path, recipe.sampling, 'still');
  const settings = resolveCaptionSettings({}, model.generation);
  const languages = languagesOf(recipe, model);
  const provenance = provenanceJson(
    model,
    settings,
    media.kind === 'image' ? { detail: recipe.detail } : { sampling: recipe.sampling.mode },
  );
  if (media.kind === 'video' && recipe.granularity.kind !== 'whole') {
    return await writeSegmentTexts(media, languages, settings, provenance, task);
  }
  const tasks = languages.flatMap((language) => recipe.kinds.map((kind) => ({ language, kind })));
  const request = {
    media: [media],
    detail: recipe.detail,
    conversations: tasks.map(({ kind, language }) =>
      captionConversation(kind, language, media.kind, recipe.hint),
    ),
    priority: 'batch' as const,
    settings,
    receipts: true,
  };
  const { media: reports, answers } = await collectOutcome(engine, request, signal);
  const texts = answers.map(({ conversation, text, finishReason, receipt }) => ({
    language: tasks[conversation]?.language.code ?? '',
    kind: tasks[conversation]?.kind ?? '',
    text,
    finishReason,
    receipt,
  }));
  return { texts, report: { media: reports.map(mediaJson)[0], ...provenance } };
}

/** Captions each segment of a video. Segments without a readable frame are listed in the report as `missing`. */
async function writeSegmentTexts(
  media: Extract<RequestMedia, { kind: 'video' }>,
  languages: readonly Language[],
  settings: GenerationSettings,
  provenance: object,
  { engine, inspector, recipe, signal }: WritingTask,
): Promise<Written> {
  const { path, sampling } = media;
  const metadata = await inspector.inspect(path, { signal });
  const range = { path, metadata, range: sampling.range };
  const segments = await planSegments(range, recipe.granularity, inspector, { signal });
  const timecode = toTimecodeClock(metadata);
  const { hint } = recipe;
  const video = { path, sampling, segments, timecode, languages, settings, hint, receipts: true };
  const texts: ItemText[] = [];
  const missing: object[] = [];
  for await (const event of captionVideo(engine, video, signal)) {
    if (event.type === 'segment') texts.push(...segmentTexts(event.segment));
    if (event.type === 'missing') {
      const { range, error } = event.missing;
      const { code, publicMessage: message } = error;
      missing.push({ start: range.startSeconds, end: range.endSeconds, error: { code, message } });
    }
  }
  const { durationSeconds: duration, width, height } = metadata;
  const report = { kind: 'video', width, height, duration_seconds: duration };
  return { texts, report: { media: report, segments: segments.length, missing, ...provenance } };
}

function segmentTexts({ startSeconds, endSeconds, texts }: CaptionedSegment): ItemText[] {
  return texts.map(({ language, text, receipt }) => ({
    language: language.code,
    kind: 'caption',
    segment: { startSeconds, endSeconds },
    text,
    finishReason: 'stop',
    receipt,
  }));
}

function languagesOf({ languages }: Recipe, model: ModelDescription): readonly Language[] {
  const codes = languages === 'all' ? model.languages : languages;
  return codes.map((code) => resolveLanguage(code, model.languages));
}

function changedMeanwhile(): SalamandraError {
  return new SalamandraError(
    'MEDIA_FETCH_FAILED',
    'The file changed while it was being captioned.',
    { retryable: true },
  );
}

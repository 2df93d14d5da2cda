import { posix } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ReviewedItem, ReviewedText } from '../../review/reviewed-items.js';
import { chooseTexts, rejectedTexts } from '../choose-texts.js';
import type { ExportContext, ExportedFile, FilesFormat } from '../export-format.js';
import { exportPath } from '../export-paths.js';
import { provenanceOf } from '../provenance.js';
import { mergeSidecar, type SidecarChange, type SidecarText } from './merge-sidecar.js';
import { replaceSidecar, SidecarFinder, type SidecarPlace } from './sidecar-files.js';
import { FIELDS, findForbiddenCharacter, type SidecarField } from './xmp-names.js';

/** A sidecar for each picture, merged with the one beside it. */
export const XMP: FilesFormat = { kind: 'files', write: writeSidecars };

/** Sidecars for a folder or archive, with the paths of the pictures. */
async function* writeSidecars(context: ExportContext): AsyncGenerator<ExportedFile> {
  const finder = new SidecarFinder(context.settings.sidecarName);
  const taken = new Set<string>();
  for await (const item of itemsWithTexts(context)) {
    const file = await reportingOmissions(context, item, async () => {
      const found = await findBeside(item, finder);
      const picture = exportPath(item, context.job.source);
      const isShort = found?.isShort ?? context.settings.sidecarName === 'photo.xmp';
      const path = `${isShort ? withoutExtension(picture) : picture}.xmp`;
      // Pictures that are no files have no siblings on disk that could be counted.
      if (isShort && taken.has(path.toLowerCase())) throw sameName();
      if (isShort) taken.add(path.toLowerCase());
      const written = await context.readExisting?.(path);
      const existing = written ?? found?.existing?.text ?? null;
      const content = merge(context, item, existing, isShort);
      return content === null ? undefined : { path, content };
    });
    if (file) yield file;
  }
}

/**
 * Writes the sidecars beside the pictures, one at a time and each in one step.
 *
 * @returns the numbers of sidecars that were written, and that were up to date.
 */
export async function writeSidecarsBeside(
  context: ExportContext,
  signal: AbortSignal,
): Promise<{ readonly written: number; readonly unchanged: number }> {
  const finder = new SidecarFinder(context.settings.sidecarName);
  let [written, unchanged] = [0, 0];
  for await (const item of itemsWithTexts(context)) {
    signal.throwIfAborted();
    await reportingOmissions(context, item, async () => {
      const target = await findBeside(item, finder);
      if (!target) throw notBeside();
      const text = merge(context, item, target.existing?.text ?? null, target.isShort);
      if (text === null) unchanged += 1;
      else {
        await replaceSidecar(target, text);
        written += 1;
      }
    });
  }
  return { written, unchanged };
}

/** Items with a text to write, or with a rejected one that may have been written earlier. */
async function* itemsWithTexts({ items, choice }: ExportContext): AsyncGenerator<ReviewedItem> {
  for await (const item of items()) {
    if (chooseTexts(item, choice).length + rejectedTexts(item, choice).length > 0) yield item;
  }
}

async function findBeside(
  { location }: ReviewedItem,
  finder: SidecarFinder,
): Promise<SidecarPlace | null> {
  return location.kind === 'file' ? await finder.find(location) : null;
}

/** One item without a sidecar does not stop the others. */
async function reportingOmissions<T>(
  { omit }: ExportContext,
  { identifier }: ReviewedItem,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    omit({ identifier, reason: error.publicMessage });
    return undefined;
  }
}

/** @returns `null` if the sidecar stays as it is. */
function merge(
  context: ExportContext,
  item: ReviewedItem,
  existing: string | null,
  isShort: boolean,
): string | null {
  const texts = sidecarTexts(context, item);
  const rejected = rejectedTexts(item, context.choice).flatMap(({ kind, language, segment }) => {
    const field = fieldOf(kind);
    return field && !segment ? [{ field, language }] : [];
  });
  if (texts.length === 0 && (rejected.length === 0 || existing === null)) return null;
  const extension = posix.extname(exportPath(item, context.job.source)).slice(1).toUpperCase();
  const { xml, kept } = mergeSidecar(existing, {
    ...{ texts, rejected, event: eventOf(context) },
    captionWriter: captionWriterOf(context, item),
    ...(isShort && extension !== '' && { extension }),
  });
  for (const { field, language, reason } of kept) {
    const kind = Object.entries(FIELDS).find(([, name]) => name === field)?.[0] ?? field;
    context.omit({ identifier: item.identifier, language, kind, reason });
  }
  return xml;
}

function sidecarTexts({ job, choice, omit }: ExportContext, item: ReviewedItem): SidecarText[] {
  return chooseTexts(item, choice).flatMap((text): SidecarText[] => {
    const { language, kind, segment } = text;
    const field = fieldOf(kind);
    const forbidden = findForbiddenCharacter(text.text);
    const reason = segment
      ? 'The text is about a segment of a clip. Use the format webvtt.'
      : field === undefined
        ? `Texts of the kind ${kind} have no field in a sidecar.`
        : forbidden !== null
          ? `The text contains ${forbidden}, which XML cannot hold. Edit the text.`
          : undefined;
    if (field === undefined || reason !== undefined) {
      omit({ identifier: item.identifier, language, kind, reason: reason ?? '' });
      return [];
    }
    const provenance = provenanceOf(text, job.model);
    return [
      {
        ...{ field, language, text: text.text },
        status: text.review === 'unreviewed' ? 'machine' : text.review,
        machineGenerated: provenance.machine_generated ? 'True' : 'False',
        model: provenance.model,
        modelRevision: provenance.model_revision,
        precision: provenance.precision,
        reviewedBy: xmlText(provenance.reviewed_by),
        reviewedAt: provenance.reviewed_at,
        revision: String(text.revisions),
      },
    ];
  });
}

function fieldOf(kind: string): SidecarField | undefined {
  return Object.hasOwn(FIELDS, kind) ? FIELDS[kind as keyof typeof FIELDS] : undefined;
}

function eventOf({ job: { id, model }, tools, now }: ExportContext): SidecarChange['event'] {
  const parameters = [
    `job ${id}`,
    ...(model ? [`model ${model.id}`, `revision ${model.revision}`, model.precision] : []),
  ].join('; ');
  return {
    softwareAgent: `Visual Salamandra ${tools.version}`,
    parameters,
    when: now.toISOString(),
  };
}

/** IPTC's Description Writer: `demo (AI)`, and after review `demo (AI), reviewed by N. N.` */
function captionWriterOf({ job, choice }: ExportContext, item: ReviewedItem): string {
  const captions = chooseTexts(item, choice).filter(({ kind }) => kind === 'caption');
  const isMachine = captions.some((text) => provenanceOf(text, job.model).machine_generated);
  const names = [...new Set(captions.flatMap(reviewerOf))].join(', ');
  if (!isMachine) return xmlText(names);
  const model = `${job.model?.id ?? 'Visual Salamandra'} (AI)`;
  return xmlText(names === '' ? model : `${model}, reviewed by ${names}`);
}

function reviewerOf({ review, author }: ReviewedText): string[] {
  return review !== 'unreviewed' && author !== undefined ? [author] : [];
}

/** A name without characters that XML cannot hold. */
function xmlText(text: string): string {
  return Array.from(text, (character) =>
    findForbiddenCharacter(character) === null ? character : '\ufffd',
  ).join('');
}

function withoutExtension(path: string): string {
  const { dir, name } = posix.parse(path);
  return posix.join(dir, name);
}

function sameName(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'Another item has the same name but for the extension, so that both would share the sidecar. Use the names photo.jpg.xmp.',
  );
}

function notBeside(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The item is not a file on this machine, so no sidecar can be written beside it. Export into a folder with --output.',
  );
}

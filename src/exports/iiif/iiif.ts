import { createHash } from 'node:crypto';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { idOf, isResource, type Resource, resourcesOf } from '../../jobs/sources/iiif/resource.js';
import type { ReviewedItem } from '../../review/reviewed-items.js';
import type { ExportContext, ExportedFile, FilesFormat } from '../export-format.js';
import { chosenItems, type ChosenItem } from '../survey-items.js';
import { annotateManifest, isVersion3, paintedRegion } from './annotate-manifest.js';
import { toAnnotationPage } from './annotation-page.js';

/**
 * Annotation pages for the canvases of a IIIF source, and a copy of each manifest that refers to them. The manifests of
 * the institution are not changed.
 */
export const IIIF: FilesFormat = { kind: 'files', write: writeIiif };

async function* writeIiif(context: ExportContext): AsyncGenerator<ExportedFile> {
  const base = baseUrlOf(context);
  let current: OpenManifest | undefined;
  const closed = new Set<string>();
  for await (const chosen of chosenItems(context)) {
    const id = manifestIdOf(chosen.item);
    if (current?.id !== id) {
      if (current) yield* closeManifest(current);
      if (current) closed.add(current.id);
      current = await openManifest(id, context, closed);
    }
    yield toPage(chosen, context, current, base);
  }
  if (current) yield* closeManifest(current);
}

/** A manifest whose canvases are being exported. Canvases of a manifest follow each other in the source. */
interface OpenManifest {
  readonly id: string;
  /** `null` if there will be no copy of it. */
  readonly document: Resource | null;
  readonly canvases: ReadonlyMap<string, Resource>;
  /** URLs of annotation pages by the id of the canvas. */
  readonly pages: Map<string, string>;
}

async function openManifest(
  id: string,
  context: ExportContext,
  closed: ReadonlySet<string>,
): Promise<OpenManifest> {
  let document: Resource | null = null;
  try {
    if (closed.has(id)) throw comesAgain();
    const read = await readManifest(id, context);
    if (!isVersion3(read)) throw notVersion3();
    document = read;
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    const reason = `There is no copy of the manifest: ${error.publicMessage}`;
    context.omit({ identifier: id, reason });
  }
  const canvases = resourcesOf(document?.['items']).map(
    (canvas) => [idOf(canvas) ?? '', canvas] as const,
  );
  return { id, document, canvases: new Map(canvases), pages: new Map() };
}

/** The document of the source itself may be on this machine, under another address than its id. */
async function readManifest(
  id: string,
  { job: { source }, tools }: ExportContext,
): Promise<Resource> {
  if (source.kind !== 'iiif') throw new Error('The source is no IIIF document.');
  if (id !== source.url && /^file:/i.test(source.url)) {
    const document = await tools.readDocument(source.url);
    if (idOf(document) === id) return document;
  }
  if (!/^https?:\/\//i.test(id)) throw noAddress();
  const document = await tools.readDocument(id);
  if (isResource(document)) return document;
  throw noAddress();
}

function* closeManifest({ id, document, pages }: OpenManifest): Generator<ExportedFile> {
  if (document === null) return;
  const content = JSON.stringify(annotateManifest(document, pages), null, 2);
  yield { path: `manifests/${shortHash(id)}.json`, content: `${content}\n` };
}

function toPage(
  { item, texts }: ChosenItem,
  { job, tools }: ExportContext,
  manifest: OpenManifest,
  base: string,
): ExportedFile {
  const path = `annotations/${shortHash(item.identifier)}.json`;
  const id = `${base}${path}`;
  manifest.pages.set(item.identifier, id);
  const canvas = manifest.canvases.get(item.identifier);
  const { location } = item;
  const region =
    canvas && location.kind !== 'batch-line' ? paintedRegion(canvas, location) : undefined;
  const software = `Visual Salamandra ${tools.version}`;
  const subject = { id, canvas: item.identifier, region, model: job.model, software };
  return { path, content: `${JSON.stringify(toAnnotationPage(subject, texts), null, 2)}\n` };
}

/** The listing puts the id of the manifest behind the metadata, which may have a column of this name too. */
function manifestIdOf({ record }: ReviewedItem): string {
  const column = Object.keys(record).findLast((name) => /^manifest(?: \(\d+\))?$/.test(name));
  return (column !== undefined && record[column]) || '';
}

/** Stable: the same in every export. */
function shortHash(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}

/** @throws INVALID_PARAMETER */
function baseUrlOf({ job, settings: { baseUrl } }: ExportContext): string {
  if (job.source.kind !== 'iiif') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The source of the job is of the kind "${job.source.kind}", and annotation pages need canvases. Use the format for jobs of IIIF manifests, or another format.`,
    );
  }
  const url = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'Annotation pages refer to each other by their addresses. Set the base URL to the http or https address of the folder in which you will publish the files.',
      { details: { parameter: 'base_url' } },
    );
  }
  return url.href.replace(/\/*$/, '/');
}

function comesAgain(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'Its canvases do not follow each other in the job.',
  );
}

function notVersion3(): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_FEATURE',
    'It is of version 2 of the Presentation API. Publish it in version 3, or refer to the annotation pages in it yourself.',
  );
}

function noAddress(): SalamandraError {
  return new SalamandraError('INVALID_REQUEST', 'Its id is no http or https address.');
}

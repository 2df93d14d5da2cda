import { SalamandraError } from '../errors/salamandra-error.js';
import type { JobSource } from '../jobs/sources/source.js';
import type { ReviewedItem } from '../review/reviewed-items.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { pathInSource } from './export-paths.js';
import { toJsonLine } from './jsonl.js';
import { provenanceOf } from './provenance.js';
import { chosenItems } from './survey-items.js';

/**
 * `metadata.jsonl` of an image folder of Hugging Face datasets. The file belongs into the folder of the pictures. All
 * rows have the same fields, and fields are never null, so that readers infer one schema.
 */
export const IMAGEFOLDER: FileFormat = {
  kind: 'file',
  mediaType: 'application/jsonl; charset=utf-8',
  extension: 'jsonl',
  write: writeMetadata,
};

async function* writeMetadata(context: ExportContext): AsyncGenerator<string> {
  const { job, omit } = context;
  if (job.source.kind === 'iiif' || job.source.kind === 'urls') throw noFolder(job.source);
  for await (const { item, texts } of chosenItems(context)) {
    const path = pathOf(item, job.source);
    if (path === null) {
      omit({
        identifier: item.identifier,
        reason: 'The file is not below the folder of the source.',
      });
      continue;
    }
    const [first] = texts;
    yield toJsonLine({
      file_name: path,
      identifier: item.identifier,
      // The first text, for training scripts that take one column.
      text: first?.text ?? '',
      texts: texts.map((text) => ({
        ...{ language: text.language, kind: text.kind },
        ...{ start: text.segment?.startSeconds ?? -1, end: text.segment?.endSeconds ?? -1 },
        text: text.text,
        ...provenanceOf(text, job.model),
      })),
    });
  }
}

function pathOf({ location }: ReviewedItem, source: JobSource): string | null {
  if (location.kind === 'zip-entry') return location.entry;
  return location.kind === 'file' ? pathInSource(location.path, source) : null;
}

function noFolder({ kind }: JobSource): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    `The source of the job is of the kind "${kind}". The format imagefolder needs files below a folder: use jsonl or coco.`,
  );
}

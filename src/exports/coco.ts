import type { ReviewedItem } from '../review/reviewed-items.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { exportPath } from './export-paths.js';
import { provenanceOf } from './provenance.js';
import { isClip, mediaOf } from './segment-texts.js';
import { chosenItems, type ChosenItem } from './survey-items.js';

/** The annotations of COCO's caption task (https://cocodataset.org/#format-data), with provenance for each caption. */
export const COCO: FileFormat = {
  kind: 'file',
  mediaType: 'application/json; charset=utf-8',
  extension: 'json',
  write: writeCoco,
};

async function* writeCoco(context: ExportContext): AsyncGenerator<string> {
  const { job, tools, now, omit } = context;
  const info = {
    description: job.name,
    version: '1.0',
    year: now.getUTCFullYear(),
    contributor: `Visual Salamandra ${tools.version}`,
    date_created: now.toISOString(),
    machine_generated: true,
    model: job.model,
  };
  yield `{\n"info": ${JSON.stringify(info)},\n"licenses": [],\n"images": [`;
  let separator = '\n';
  for await (const { item } of chosenItems(context)) {
    if (isClip(item)) {
      omit({ identifier: item.identifier, reason: 'COCO has captions of images only.' });
      continue;
    }
    yield `${separator}${JSON.stringify(imageJson(item, context))}`;
    separator = ',\n';
  }
  yield '\n],\n"annotations": [';
  separator = '\n';
  let id = 0;
  for await (const annotation of annotationsIn(context)) {
    id += 1;
    yield `${separator}${JSON.stringify({ id, ...annotation })}`;
    separator = ',\n';
  }
  yield '\n]\n}\n';
}

async function* annotationsIn(context: ExportContext): AsyncGenerator<object> {
  for await (const chosen of chosenItems(context)) {
    if (!isClip(chosen.item)) yield* annotationsOf(chosen, context);
  }
}

function annotationsOf({ item, texts }: ChosenItem, { job }: ExportContext): object[] {
  return texts.map((text) => ({
    image_id: item.id,
    caption: text.text,
    ...{ language: text.language, kind: text.kind },
    ...provenanceOf(text, job.model),
  }));
}

function imageJson(item: ReviewedItem, { job }: ExportContext): object {
  const { width, height } = mediaOf(item);
  return {
    id: item.id,
    file_name: exportPath(item, job.source),
    identifier: item.identifier,
    ...{ width, height, sha256: item.sha256 },
    ...(item.location.kind === 'url' && { coco_url: item.location.url }),
  };
}

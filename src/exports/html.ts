import { SalamandraError } from '../errors/salamandra-error.js';
import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import type { ExportContext, ExportTools, FileFormat } from './export-format.js';
import { escapeHtml } from './html-text.js';
import { describeProvenance } from './provenance.js';
import { titleOf } from './record-title.js';
import { clock } from './segment-texts.js';
import { chosenItems, type ChosenItem } from './survey-items.js';

/** A report of one file for people: pictures, records, texts. It opens without a network. */
export const HTML: FileFormat = {
  kind: 'file',
  mediaType: 'text/html; charset=utf-8',
  extension: 'html',
  write: writeReport,
};

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; }
article { display: grid; grid-template-columns: 16rem 1fr; gap: 1rem; padding: 1rem 0; border-top: 1px solid; }
h2 { grid-column: 1 / -1; margin: 0; font-size: 1.1rem; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
dl { margin: 0 0 1rem; font-size: 0.9rem; }
dt { font-weight: bold; }
dd { margin: 0 0 0.3rem; overflow-wrap: anywhere; }
p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
small { display: block; margin-bottom: 1rem; opacity: 0.8; }
b { font-weight: 600; font-size: 0.85rem; }
@media (max-width: 40rem) { article { grid-template-columns: 1fr; } }
@media print { article { break-inside: avoid; } }
`;

/** Nothing is loaded and no script runs, whatever the texts contain. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

async function* writeReport(context: ExportContext): AsyncGenerator<string> {
  const { job, tools, now } = context;
  const name = escapeHtml(job.name);
  yield [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width">',
    `<meta name="generator" content="Visual Salamandra ${escapeHtml(tools.version)}">`,
    `<title>${name}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1><bdi>${name}</bdi></h1>`,
    `<p>${escapeHtml(describeExport(job.model, now))}</p>`,
    '<main>',
    '',
  ].join('\n');
  for await (const chosen of chosenItems(context)) {
    yield await toArticle(chosen, job.model, tools);
  }
  yield '</main>\n</body>\n</html>\n';
}

function describeExport(model: PinnedModel | null, now: Date): string {
  const written = model
    ? `Written by the model ${model.id} (revision ${model.revision}, ${model.precision}).`
    : '';
  return `${written} Exported on ${now.toISOString().slice(0, 10)}.`.trim();
}

async function toArticle(
  { item, texts }: ChosenItem,
  model: PinnedModel | null,
  tools: ExportTools,
): Promise<string> {
  const title = titleOf(item);
  return [
    '<article>',
    `<h2><bdi>${escapeHtml(title)}</bdi></h2>`,
    `<div>${await toImage(item, tools)}${toRecord(item)}</div>`,
    `<div>${texts.map((text) => toText(text, model)).join('\n')}</div>`,
    '</article>',
    '',
  ].join('\n');
}

/** Thumbnails have no alternative text: the texts beside them are what is reported. */
async function toImage(item: ReviewedItem, { drawThumbnail }: ExportTools): Promise<string> {
  try {
    const bytes = await drawThumbnail(item);
    return `<img alt="" src="data:image/webp;base64,${Buffer.from(bytes).toString('base64')}">`;
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    return `<p>No thumbnail: ${escapeHtml(error.publicMessage)}</p>`;
  }
}

function toRecord({ identifier, record }: ReviewedItem): string {
  const rows = [['identifier', identifier] as const, ...Object.entries(record)];
  const pairs = rows.map(
    ([name, value]) =>
      `<dt><bdi>${escapeHtml(name)}</bdi></dt><dd><bdi>${escapeHtml(value)}</bdi></dd>`,
  );
  return `<dl>${pairs.join('')}</dl>`;
}

function toText(text: ReviewedText, model: PinnedModel | null): string {
  const { language, kind, segment } = text;
  const time = segment ? ` ${clock(segment.startSeconds)}–${clock(segment.endSeconds)}` : '';
  return [
    `<b>${escapeHtml(`${kind} ${language}${time}`)}</b>`,
    `<p lang="${escapeHtml(language)}" dir="auto">${escapeHtml(text.text)}</p>`,
    `<small>${escapeHtml(describeProvenance(text, model))}</small>`,
  ].join('');
}

import { once } from 'node:events';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import type { Configuration } from '../config/configuration.js';
import { TemporaryFolder } from '../config/temporary-folder.js';
import { readVersion } from '../config/version.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { parseSubtitles } from '../exports/descriptions/parse-subtitles.js';
import type { ExportContext, FormatSettings, TextChoice } from '../exports/export-format.js';
import {
  createContext,
  exportFiles,
  type ExportRequest,
  type ExportStream,
  Omissions,
  streamExport,
} from '../exports/export-job.js';
import { createExportTools } from '../exports/export-tools.js';
import { EXPORT_FORMATS, FORMAT_NAMES, type FormatName } from '../exports/formats.js';
import { replaceFile } from '../exports/replace-file.js';
import { readSidecar } from '../exports/xmp/sidecar-files.js';
import { writeSidecarsBeside } from '../exports/xmp/xmp.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { getJob, type Job } from '../jobs/jobs.js';
import { accessError } from '../jobs/sources/access-errors.js';
import type { BatchSpec, JobSource } from '../jobs/sources/source.js';
import { uploadFolderOf } from '../jobs/uploads/upload-folder.js';
import { accessOf } from '../jobs/work-on-jobs.js';
import type { ItemFilter } from '../review/reviewed-items.js';
import { createMediaInspector } from '../workers/media-inspector.js';
import { type CommandContext, configurationFor, exampleHelp } from './command-context.js';
import { formatCount } from './job-texts.js';
import { parseKinds } from './recipe-options.js';
import { parseLanguages } from './suggestions.js';
import { withJobs, withUrls } from './work-on-job.js';

interface ExportOptions {
  readonly format: FormatName;
  readonly reviewed?: true;
  readonly languages?: string;
  readonly kind?: string;
  readonly output?: string;
  readonly beside?: true;
  readonly layout: FormatSettings['layout'];
  readonly bom?: true;
  readonly sidecar: FormatSettings['sidecarName'];
  readonly baseUrl?: string;
  readonly subtitles?: string;
  readonly review?: NonNullable<ItemFilter['review']>;
  readonly flag?: string;
  readonly search?: string;
  readonly personText?: true;
  readonly changed?: true;
}

const REVIEWS: readonly NonNullable<ItemFilter['review']>[] = [
  ...(['unreviewed', 'partly', 'reviewed', 'edited', 'rejected'] as const),
];
/** Omissions that are printed; the others are counted. */
const MAX_LINES = 20;

/** Adds `jobs export`. */
export function addExportCommand(jobs: Command, context: CommandContext): void {
  jobs
    .command('export')
    .description('write the texts of a job in a format that catalogues and other programs read')
    .argument('<job>', 'id of a job, its beginning, or last')
    .addOption(
      new Option('--format <format>', 'format of the export')
        .choices(FORMAT_NAMES)
        .makeOptionMandatory(),
    )
    .option('--reviewed', 'only texts that a person accepted or edited')
    .option('--languages <codes>', 'only these languages, separated by commas')
    .option('--kind <kinds>', 'only these kinds of text, separated by commas')
    .option(
      '--output <path>',
      'the file; with several files, a folder or a .zip archive (default: standard output)',
    )
    .option('--beside', 'xmp: write the sidecars beside the pictures')
    .addOption(
      new Option('--layout <layout>', 'csv: a row for each text, or for each item')
        .choices(['long', 'wide'])
        .default('long'),
    )
    .option('--bom', 'csv: begin with a byte order mark, for Excel')
    .addOption(
      new Option('--sidecar <name>', 'xmp: how sidecars are named')
        .choices(['photo.jpg.xmp', 'photo.xmp'])
        .default('photo.jpg.xmp'),
    )
    .option('--base-url <url>', 'iiif: address of the folder where you will publish the files')
    .option(
      '--subtitles <file>',
      'webvtt: subtitles of the only clip; descriptions are placed between them',
    )
    .addOption(new Option('--review <state>', 'only items in this state').choices(REVIEWS))
    .option('--flag <name>', 'only items with this flag')
    .option('--search <words>', 'only items with these words in texts, identifier or record')
    .option('--person-text', 'only items with a text by a person')
    .option('--changed', 'only items whose file changed since it was captioned')
    .addHelpText(
      'after',
      exampleHelp(
        'jobs export last --format csv --bom --output texts.csv',
        'jobs export last --format xmp --reviewed --beside',
      ),
    )
    .action(async (reference: string, options: ExportOptions) => {
      const configuration = withUrls(configurationFor({}));
      await withJobs(configuration, async (database) => {
        const job = await getJob(database, reference);
        await exportJob(job, database, options, { ...context, configuration });
      });
    });
}

async function exportJob(
  job: Job,
  database: JobDatabase,
  options: ExportOptions,
  context: CommandContext & { readonly configuration: Configuration },
): Promise<void> {
  const { signal, terminal, configuration } = context;
  const target = await readTarget(options);
  const request = await readRequest(options);
  const omissions = new Omissions();
  const inspector = createMediaInspector({
    entry: context.workers.media,
    maxPixels: configuration.imagePixels,
  });
  const temporary = new TemporaryFolder();
  const tools = createExportTools({
    ...{ version: readVersion(), inspector, caller: { signal }, signal },
    policy: accessOf(configuration).policy,
    temporaryFolder: temporary.open,
    uploadFolder: uploadFolderOf(configuration),
    source: sourceOf(job),
  });
  const exported = createContext(database, job, request, tools, omissions);
  try {
    switch (target.kind) {
      case 'beside': {
        const { written, unchanged } = await writeSidecarsBeside(exported, signal);
        terminal.note(
          `${formatCount(written)} sidecars written, ${formatCount(unchanged)} were up to date.`,
        );
        break;
      }
      case 'folder':
        await writeFolder(target.path, options.format, exported, { omissions, signal, terminal });
        break;
      case 'file':
        await writeFile(target.path, streamExport(options.format, exported, omissions), signal);
        break;
      case 'stdout':
        await print(streamExport(options.format, exported, omissions), context);
    }
  } finally {
    await inspector.close();
    await temporary.close();
  }
  reportOmissions(omissions, context);
}

type Target =
  | { readonly kind: 'stdout' | 'beside' }
  | { readonly kind: 'file' | 'folder'; readonly path: string };

/** @throws INVALID_PARAMETER for options that exclude each other, or without a place for several files. */
async function readTarget({ format, output, beside }: ExportOptions): Promise<Target> {
  if (beside) {
    if (format !== 'xmp') throw invalid(`--beside is for --format xmp, not ${format}.`);
    if (output !== undefined) throw invalid('Use --beside or --output, not both.');
    return { kind: 'beside' };
  }
  const hasFiles = EXPORT_FORMATS[format].kind === 'files';
  if (output === undefined) {
    if (!hasFiles) return { kind: 'stdout' };
    const beside = format === 'xmp' ? ', or use --beside' : '';
    throw invalid(
      `The format ${format} has a file for each item. Set --output to a folder or a .zip file${beside}.`,
    );
  }
  const path = resolve(output);
  if (hasFiles && !/\.zip$/i.test(path)) return { kind: 'folder', path };
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (isFolder) throw invalid(`--output "${output}" is a folder. Name a file in it.`);
  return { kind: 'file', path };
}

async function readRequest(options: ExportOptions): Promise<Omit<ExportRequest, 'format'>> {
  const { layout, bom, sidecar, baseUrl, review, flag, search, personText, changed } = options;
  return {
    choice: readChoice(options),
    settings: {
      ...{ layout, hasByteOrderMark: bom === true, sidecarName: sidecar, baseUrl },
      dialogue: await readDialogue(options),
    },
    filter: { review, flag, search, hasPersonText: personText, changed },
  };
}

/** @throws INVALID_PARAMETER, NOT_FOUND; INVALID_REQUEST for a file without cues */
async function readDialogue({
  subtitles,
  format,
}: ExportOptions): Promise<FormatSettings['dialogue']> {
  if (subtitles === undefined) return undefined;
  if (format !== 'webvtt') throw invalid(`--subtitles is for --format webvtt, not ${format}.`);
  const text = await readFile(subtitles, 'utf8').catch((cause: unknown) => {
    throw accessError(cause);
  });
  return parseSubtitles(text);
}

function readChoice({ reviewed, languages, kind }: ExportOptions): TextChoice {
  const parsed = languages === undefined ? 'all' : parseLanguages(languages);
  return {
    reviewedOnly: reviewed === true,
    languages: parsed === 'all' ? undefined : parsed.map(({ code }) => code),
    kinds: kind === undefined ? undefined : parseKinds(kind),
  };
}

/** @throws INVALID_PARAMETER for a batch */
function sourceOf({ source }: Job): Exclude<JobSource, BatchSpec> {
  if (source.kind !== 'batch') return source;
  throw invalid('A batch has responses instead of texts. Fetch its output file.');
}

/** Writes the files of an export below a folder. Sidecars in it are merged, other files are replaced. */
async function writeFolder(
  folder: string,
  format: FormatName,
  context: ExportContext,
  {
    omissions,
    signal,
    terminal,
  }: Pick<CommandContext, 'signal' | 'terminal'> & { readonly omissions: Omissions },
): Promise<void> {
  const readExisting = async (path: string) =>
    (await readSidecar(join(folder, path)).catch(ignoreMissingFolder))?.text ?? null;
  let count = 0;
  for await (const { path, content } of exportFiles(
    format,
    { ...context, readExisting },
    omissions,
  )) {
    signal.throwIfAborted();
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    await replaceFile(Buffer.from(dirname(place)), Buffer.from(basename(place)), [content]);
    count += 1;
  }
  terminal.note(`${formatCount(count)} files written to ${folder}.`);
}

function ignoreMissingFolder(error: unknown): null {
  if (error instanceof SalamandraError && error.code === 'NOT_FOUND') return null;
  throw error;
}

async function writeFile(
  path: string,
  { chunks }: ExportStream,
  signal: AbortSignal,
): Promise<void> {
  const until = abortable(chunks, signal);
  await replaceFile(Buffer.from(dirname(path)), Buffer.from(basename(path)), until);
}

async function print(
  { chunks }: ExportStream,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<void> {
  for await (const chunk of abortable(chunks, signal)) {
    // A terminal obeys control characters, which `terminal` removes.
    if (terminal.isTTY) terminal.piece(String(chunk));
    else if (!process.stdout.write(chunk)) await once(process.stdout, 'drain', { signal });
  }
}

async function* abortable<T>(chunks: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function reportOmissions({ listed, count }: Omissions, { terminal }: CommandContext): void {
  if (count === 0) return;
  terminal.note(`${formatCount(count)} entries were left out:`);
  for (const { identifier, kind, language, reason } of listed.slice(0, MAX_LINES)) {
    const text =
      kind === undefined ? '' : ` (${kind}${language === undefined ? '' : ` ${language}`})`;
    terminal.note(`  ${identifier}${text}: ${reason}`);
  }
  if (count > MAX_LINES) terminal.note(`  and ${formatCount(count - MAX_LINES)} more.`);
}

function invalid(message: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message);
}

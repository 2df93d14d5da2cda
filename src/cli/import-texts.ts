import { extname } from 'node:path';

import type { Command } from 'commander';

import { SalamandraError } from '../errors/salamandra-error.js';
import { getJob } from '../jobs/jobs.js';
import { newGroup } from '../review/decide-many.js';
import { type ImportReport, importTexts } from '../review/import/import-texts.js';
import { type ImportFormat, readImport } from '../review/import/read-import.js';
import { importJson } from '../review/import/report-json.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  exampleHelp,
} from './command-context.js';
import { formatCount } from './job-texts.js';
import { withJobs } from './work-on-job.js';

const FORMATS: Readonly<Record<string, ImportFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** Adds `jobs import`. */
export function addImportCommand(jobs: Command, { terminal }: CommandContext): void {
  jobs
    .command('import')
    .description('import texts that were reviewed in a spreadsheet: an export with changes')
    .argument('<job>', 'id of a job, its beginning, or last')
    .argument('<file>', `the file: ${Object.keys(FORMATS).join(', ')}`)
    .requiredOption('--author <name>', 'name of the person who reviewed the texts')
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('jobs import last texts.csv --author "Ada Lovelace"'))
    .action(
      async (
        reference: string,
        file: string,
        { author, json }: { readonly author: string; readonly json?: true },
      ) => {
        const format = FORMATS[extname(file).toLowerCase()];
        if (format === undefined) {
          throw new SalamandraError(
            'INVALID_PARAMETER',
            `The name of the file must end in ${Object.keys(FORMATS).join(', ')}.`,
          );
        }
        await withJobs(configurationFor({}), async (database) => {
          const job = await getJob(database, reference);
          const entries = readImport(file, format);
          const report = await importTexts(database, job.id, author, entries, newGroup());
          if (json) terminal.result(JSON.stringify(importJson(report)));
          else for (const line of describeReport(report)) terminal.result(line);
        });
      },
    );
}

function describeReport(report: ImportReport): string[] {
  const { accepted, edited, rejected, unchanged, conflicts, unknown, invalid, counts } = report;
  const numbers = [
    `${formatCount(edited)} texts edited, ${formatCount(accepted)} accepted, ${formatCount(rejected)} rejected, ${formatCount(unchanged)} unchanged`,
    ...(counts.conflicts > 0
      ? [`${formatCount(counts.conflicts)} conflicts: someone decided about these since the export`]
      : []),
  ];
  return [
    ...numbers,
    ...conflicts.map(({ row, identifier, language, kind, author, text, current }) =>
      [`  row ${row}`, identifier, `${kind}@${language}`, author ?? '', text, current].join('\t'),
    ),
    ...(counts.unknown > 0 ? [`${formatCount(counts.unknown)} unknown identifiers`] : []),
    ...unknown.map(({ row, identifier }) => `  row ${row}\t${identifier}`),
    ...(counts.invalid > 0 ? [`${formatCount(counts.invalid)} rows that cannot be read`] : []),
    ...invalid.map(({ row, problem }) => `  row ${row}\t${problem}`),
  ];
}

import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import type { Configuration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { findChanged } from '../jobs/find-changed.js';
import { readItemResult, retryItems } from '../jobs/items.js';
import {
  createJob,
  findSameJob,
  getJob,
  type Job,
  type JobRequest,
  resumeJob,
} from '../jobs/jobs.js';
import { listAgain } from '../jobs/list-source-items.js';
import type { Recipe } from '../jobs/recipe.js';
import { readResults, type ResultLine, toResultLine } from '../jobs/result-lines.js';
import { checkSource } from '../jobs/sources/check-source.js';
import type { SourceSpec } from '../jobs/sources/source.js';
import { accessOf } from '../jobs/work-on-jobs.js';
import type { CommandContext } from './command-context.js';
import { exitCodeOf } from './exit-codes.js';
import { formatCount } from './job-texts.js';
import { toLine } from './print-texts.js';
import { withJobs, withUrls, workOnJob } from './work-on-job.js';

/** Extensions of files that list others. */
const SOURCE_EXTENSION = /\.(csv|tsv|tab|jsonl|ndjson|txt|json|zip)$/i;

export interface CaptionSourceCommand {
  /** As given on the command line. */
  readonly argument: string;
  readonly source: SourceSpec;
  readonly recipe: Recipe;
  readonly configuration: Configuration;
  readonly output: 'text' | 'json' | 'vtt';
}

/** Whether an argument of `caption` names many files: a folder, a table or an archive. */
export async function isSource(argument: string): Promise<boolean> {
  if (/^https?:\/\//.test(argument) || SOURCE_EXTENSION.test(argument)) return true;
  return await stat(argument).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

/**
 * Captions everything in a source, as a job: a second run of the same command goes on where the first one stopped,
 * takes up files that are new or changed, and prints the texts that it wrote before, so that the output is complete.
 *
 * @returns the exit code: that of the first failed item, 130 if interrupted.
 */
export async function captionSource(
  { argument, source, recipe, configuration, output }: CaptionSourceCommand,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  if (output === 'vtt') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      '--format vtt takes one video and one language.',
    );
  }
  return await withJobs(configuration, async (database) => {
    const name = basename(resolve(argument)) || argument;
    const request = { name, source, recipe, modelName: configuration.model };
    const job = await takeUpJob(database, request, configuration, context);
    const printed = new Set<string>();
    let failure: SalamandraError | undefined;
    const print = (line: ResultLine) => {
      if (printed.has(line.cursor)) return;
      printed.add(line.cursor);
      const error = line.error && SalamandraError.fromJSON(toErrorJson(line.error));
      failure ??= error;
      if (error) terminal.failure(error, line.identifier);
      printResult(line, output, context);
    };
    for await (const line of readResults(database, job.id)) print(line);
    const exitCode = await workOnJob(job, database, configuration, context, (claim) => {
      // Read from the database: what is printed is stored.
      void readItemResult(database, claim.id).then((item) => {
        if (item) print(toResultLine(item.row, item.texts));
      });
    });
    // Those of other workers, and the last ones of this process.
    for await (const line of readResults(database, job.id)) print(line);
    return exitCode || (failure ? exitCodeOf(failure) : 0);
  });
}

/** The job of an earlier run with the same arguments, made to go on; otherwise a new one. */
async function takeUpJob(
  database: JobDatabase,
  request: JobRequest & { readonly source: SourceSpec },
  configuration: Configuration,
  { terminal, signal }: CommandContext,
): Promise<Job> {
  const job = await findSameJob(database, request);
  if (!job) {
    await checkSource(request.source, { ...accessOf(withUrls(configuration)), signal });
    return await createJob(database, request);
  }
  const changed = await findChanged(database, job.id);
  if (changed.length > 0) {
    await retryItems(database, job.id, changed);
    terminal.note(`${formatCount(changed.length)} files changed and are captioned again.`);
  }
  if (job.state === 'paused') await resumeJob(database, job.id);
  // Files that were added since.
  if (job.listed_at > 0) await listAgain(database, job.id);
  const { done, dead } = job.counts;
  terminal.note(
    `Going on with ${job.id}: ${formatCount(done - changed.length)} are done${dead > 0 ? `, ${formatCount(dead)} failed` : ''}.`,
  );
  return await getJob(database, job.id);
}

function printResult(
  line: ResultLine,
  output: 'text' | 'json',
  { terminal }: CommandContext,
): void {
  const { identifier, ...rest } = line;
  if (output === 'json') {
    terminal.result(JSON.stringify({ file: identifier, ...rest, cursor: undefined }));
    return;
  }
  for (const { language, kind, start, end, text } of line.results ?? []) {
    const columns =
      start === undefined || end === undefined
        ? [identifier, language, kind]
        : [identifier, start.toFixed(3), end.toFixed(3), language];
    terminal.result(toLine(columns, text));
  }
}

function toErrorJson({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): object {
  return { code, publicMessage: message, retryable: false };
}

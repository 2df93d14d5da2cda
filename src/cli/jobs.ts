import { basename } from 'node:path';

import type { Command } from 'commander';

import { parseInteger } from '../config/configuration.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { listItems, retryItems } from '../jobs/items.js';
import { jobJson } from '../jobs/job-json.js';
import { countFailures, pilotResult, progressOf } from '../jobs/job-progress.js';
import {
  cancelJob,
  createJob,
  deleteJob,
  getJob,
  type Job,
  listJobs,
  listSkipped,
  pauseJob,
  resumeJob,
} from '../jobs/jobs.js';
import type { Recipe } from '../jobs/recipe.js';
import { readResults } from '../jobs/result-lines.js';
import { checkSource } from '../jobs/sources/check-source.js';
import { accessOf, DEFAULT_PARALLEL, workOnJobs } from '../jobs/work-on-jobs.js';
import { UploadFolder, uploadFolderOf } from '../jobs/uploads/upload-folder.js';
import { webhookState, type WebhookState } from '../jobs/webhooks/outbox.js';
import { listWorkers } from '../jobs/workers.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  createModelOption,
  exampleHelp,
} from './command-context.js';
import {
  describeFailures,
  describePilot,
  describeProgress,
  describeState,
  formatCount,
} from './job-texts.js';
import { addImportCommand } from './import-texts.js';
import { addExportCommand } from './export-job.js';
import { readSource, type SourceOptions, addSourceOptions } from './job-source.js';
import { addSamplingOptions, type SamplingOptions } from './media-options.js';
import { addRecipeOptions, readRecipe, type RecipeOptions } from './recipe-options.js';
import { withEngine } from './with-engine.js';
import { watchJob, withJobs, withUrls, workOnJob } from './work-on-job.js';

/** Jobs of `jobs list` and reasons of `jobs show`. */
const MAX_LINES = 1_000;
const MAX_PARALLEL = 64;

interface CreateOptions extends RecipeOptions, SamplingOptions, SourceOptions {
  readonly name?: string;
  readonly pilot?: string;
  readonly priority: string;
  readonly detach?: true;
  readonly model?: string;
}

const JOB_ARGUMENT = 'id of a job, its beginning, or last';

/** Adds `jobs` with its subcommands, and `worker`. */
export function addJobsCommand(program: Command, context: CommandContext): void {
  const jobs = program
    .command('jobs')
    .description('caption whole collections, in jobs that survive every stop');
  const { terminal } = context;

  addSourceOptions(addSamplingOptions(addRecipeOptions(jobs.command('create'))))
    .description('create a job, and work on it if no service or worker runs')
    .argument(
      '<source>',
      'a folder, a CSV, TSV or JSONL table, a list of paths, a ZIP archive, or a IIIF address',
    )
    .option('--name <name>', 'name of the job (default: that of the source)')
    .option('--pilot <items>', 'caption this many items first, spread over the source, then wait')
    .option('--priority <number>', 'jobs with a higher number are done first, 0 to 100', '0')
    .option('--detach', 'only store the job; a service or `worker` does it')
    .addOption(createModelOption())
    .addHelpText(
      'after',
      exampleHelp(
        'jobs create ./photos --languages ca,es,en --kind alt,caption --pilot 25',
        'jobs create records.csv --languages all --detach',
      ),
    )
    .action(async (source: string, options: CreateOptions) => {
      const configuration = configurationFor(options);
      const request = {
        name: options.name ?? basename(source),
        source: await readSource(source, options),
        recipe: readRecipe(options),
        priority: parseInteger('--priority', options.priority, 0, 100),
        pilot: options.pilot === undefined ? 0 : parseInteger('--pilot', options.pilot, 1, 10_000),
        modelName: configuration.model,
      };
      const { signal } = context;
      await checkSource(request.source, { ...accessOf(withUrls(configuration)), signal });
      process.exitCode = await withJobs(configuration, async (database) => {
        const job = await createJob(database, request);
        terminal.result(job.id);
        if (!options.detach) return await workOnJob(job, database, configuration, context);
        terminal.note(`Stored. npx salamandra worker, or a running service, works on it.`);
        return 0;
      });
    });

  jobs
    .command('list')
    .description('list the jobs, the newest first')
    .addOption(createJsonOption())
    .action(async ({ json }: { readonly json?: true }) => {
      await withJobs(configurationFor({}), async (database) => {
        for (const job of await listJobs(database, { limit: MAX_LINES })) {
          const progress = await progressOf(database, job);
          const state = describeState(job, database.now());
          const line = [job.id, job.name, state, describeProgress(job, progress)].join('\t');
          terminal.result(json ? JSON.stringify(jobJson(job, progress)) : line);
        }
      });
    });

  withJob(jobs.command('show').option('--failed', 'list the failed items with their reasons'))
    .description('show the state of a job: progress, rate, failures by their code')
    .addOption(createJsonOption())
    .action(
      async (reference: string, options: { readonly json?: true; readonly failed?: true }) => {
        await withJobs(configurationFor({}), async (database) => {
          const job = await getJob(database, reference);
          if (options.failed) await showFailed(job, database, context, options.json === true);
          else await showJob(job, database, context, options.json === true);
        });
      },
    );

  withJob(jobs.command('watch'))
    .description('show the progress until the job ends; Ctrl-C ends the display only')
    .action(async (reference: string) => {
      await withJobs(configurationFor({}), async (database) => {
        const job = await getJob(database, reference);
        await watchJob(job.id, database, context, context.signal);
        terminal.clearProgress();
        await showJob(await getJob(database, job.id), database, context, false);
      });
    });

  addChange('pause', 'stop after the items in work', (database, job) =>
    pauseJob(database, job.id, 'by the user'),
  );
  addChange('cancel', 'end a job for good; its texts stay', (database, job) =>
    cancelJob(database, job.id),
  );
  addChange('delete', 'remove a job with its texts; files are not touched', (database, job) =>
    deleteJob(database, job.id, (id) =>
      new UploadFolder(uploadFolderOf(configurationFor({}))).removeJob(id),
    ),
  );

  withJob(jobs.command('resume'))
    .description('go on with a job, and work on it if no service or worker runs')
    .option('--detach', 'only mark it; a service or `worker` does it')
    .action(async (reference: string, { detach }: { readonly detach?: true }) => {
      await goOn(reference, detach === true, async (database, job) => {
        await resumeJob(database, job.id);
      });
    });

  withJob(jobs.command('retry'))
    .description('try the failed items again')
    .option('--detach', 'only mark them; a service or `worker` does them')
    .action(async (reference: string, { detach }: { readonly detach?: true }) => {
      await goOn(reference, detach === true, async (database, job) => {
        const items = await retryItems(database, job.id, 'failed');
        terminal.note(`${formatCount(items)} items are tried again.`);
      });
    });

  withJob(jobs.command('results'))
    .description('print the texts as JSON lines, in the order of the source')
    .option('--after <cursor>', 'go on behind the line with this cursor')
    .action(async (reference: string, { after }: { readonly after?: string }) => {
      await withJobs(configurationFor({}), async (database) => {
        const job = await getJob(database, reference);
        for await (const line of readResults(database, job.id, after)) {
          context.signal.throwIfAborted();
          terminal.result(JSON.stringify(line));
        }
      });
    });

  addImportCommand(jobs, context);
  addExportCommand(jobs, context);

  program
    .command('worker')
    .description(
      'work on the jobs of the database until Ctrl-C; on other machines too, with DATABASE_URL',
    )
    .option('--parallel <items>', 'items in work at the same time', String(DEFAULT_PARALLEL))
    .addOption(createModelOption())
    .addHelpText('after', exampleHelp('worker --model 7b-vision'))
    .action(async (options: { readonly parallel: string; readonly model?: string }) => {
      const configuration = configurationFor(options);
      const parallel = parseInteger('--parallel', options.parallel, 1, MAX_PARALLEL);
      await withJobs(configuration, async (database) => {
        await withEngine({ configuration }, context, async (engine, model) => {
          terminal.note(`Working on jobs with ${model.id} (${model.precision}). Ctrl-C ends it.`);
          const mediaWorker = context.workers.media;
          const onNote = (line: string) => terminal.note(line);
          const tools = { engine, model, database, mediaWorker, parallel, onNote };
          const work = { ...tools, configuration: withUrls(configuration) };
          await workOnJobs(work, context.signal);
        });
      });
    });

  function addChange(
    name: string,
    description: string,
    change: (database: JobDatabase, job: Job) => Promise<void>,
  ): void {
    withJob(jobs.command(name))
      .description(description)
      .action(async (reference: string) => {
        await withJobs(configurationFor({}), async (database) => {
          const job = await getJob(database, reference);
          await change(database, job);
          terminal.note(`${job.id}: ${name} done.`);
        });
      });
  }

  async function goOn(
    reference: string,
    isDetached: boolean,
    change: (database: JobDatabase, job: Job) => Promise<void>,
  ): Promise<void> {
    await withJobs(configurationFor({}), async (database) => {
      const job = await getJob(database, reference);
      await change(database, job);
      if (isDetached) return;
      const configuration = configurationFor({ model: job.model_name ?? undefined });
      process.exitCode = await workOnJob(job, database, configuration, context);
    });
  }
}

function withJob(command: Command): Command {
  return command.argument('<job>', JOB_ARGUMENT);
}

async function showJob(
  job: Job,
  database: JobDatabase,
  { terminal }: CommandContext,
  isJson: boolean,
): Promise<void> {
  const progress = await progressOf(database, job);
  const failures = await countFailures(database, job.id);
  const skipped = await listSkipped(database, job.id, { limit: MAX_LINES });
  const workers = await listWorkers(database);
  const pilot = await pilotResult(database, job);
  if (isJson) {
    const more = { failures, pilot: pilot ?? null, workers: workers.length };
    terminal.result(JSON.stringify({ ...jobJson(job, progress), ...more }));
    return;
  }
  const { counts, model, recipe } = job;
  terminal.result(`${job.id}  ${job.name}`);
  terminal.result(`State      ${describeState(job, database.now())}`);
  terminal.result(`Progress   ${describeProgress(job, progress)}`);
  if (recipe) terminal.result(`Texts      ${describeTexts(recipe)}`);
  if (model) terminal.result(`Model      ${model.id} (${model.precision})`);
  for (const { host, pid, rate, model: name } of workers) {
    terminal.result(`Worker     ${host}:${pid}, ${name}, ${formatCount(rate)} items an hour`);
  }
  const webhook = await webhookState(database, job.id);
  if (webhook) terminal.result(`Webhook    ${describeWebhook(webhook)}`);
  if (failures.length > 0) terminal.result(`Failed     ${describeFailures(failures)}`);
  if (counts.skipped > 0) terminal.result(`Skipped    ${formatCount(counts.skipped)} entries`);
  for (const { entry, reason } of skipped) terminal.result(`  ${entry}: ${reason}`);
  if (pilot && job.state === 'paused') {
    for (const line of describePilot(job, pilot, progress)) terminal.result(line);
  }
}

function describeWebhook({ url, pending, failed, lastError }: WebhookState): string {
  if (pending + failed === 0) return url;
  const counts = `${pending} messages wait, ${failed} were given up`;
  return `${url}: ${counts}. Last failure: ${lastError || 'none'}`;
}

function describeTexts({ kinds, languages }: Recipe): string {
  return `${kinds.join(', ')} in ${languages === 'all' ? 'all' : languages.join(', ')}`;
}

async function showFailed(
  job: Job,
  database: JobDatabase,
  { terminal }: CommandContext,
  isJson: boolean,
): Promise<void> {
  let after: number | undefined;
  for (;;) {
    const page = await listItems(database, job.id, { state: 'dead', after, limit: MAX_LINES });
    for (const { identifier, error_code: code, error: message, attempts } of page) {
      terminal.result(
        isJson
          ? JSON.stringify({ identifier, error: { code, message }, attempts })
          : [identifier, code, message].join('\t'),
      );
    }
    after = page.at(-1)?.position;
    if (page.length < MAX_LINES) return;
  }
}

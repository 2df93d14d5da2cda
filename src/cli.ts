import { Command, CommanderError } from 'commander';

import { addAskCommand } from './cli/ask.js';
import { addCaptionCommand } from './cli/caption.js';
import { exampleHelp } from './cli/command-context.js';
import { addCompleteCommand } from './cli/complete.js';
import { addConvertCommand } from './cli/convert.js';
import { addDoctorCommand } from './cli/doctor.js';
import { EXIT_CODE_HELP, exitCodeOf, INTERRUPTED, USAGE_ERROR } from './cli/exit-codes.js';
import { addJobsCommand } from './cli/jobs.js';
import { addKeysCommand } from './cli/keys.js';
import { addModelsCommand } from './cli/models.js';
import { addPullCommand } from './cli/pull.js';
import { addReplayCommands } from './cli/replay.js';
import { addServeCommand } from './cli/serve.js';
import { unknownVariableWarnings } from './cli/suggestions.js';
import { createTerminal, errorJson, usageJson } from './cli/terminal.js';
import { addVerifyCommand } from './cli/verify.js';
import { readVersion } from './config/version.js';

const terminal = createTerminal(process.stdout, process.stderr);
const abort = new AbortController();
const context = {
  terminal,
  signal: abort.signal,
  workers: {
    inference: new URL('./workers/inference.worker.js', import.meta.url),
    media: new URL('./workers/media.worker.js', import.meta.url),
    verify: new URL('./workers/verify.worker.js', import.meta.url),
  },
};

/** Whether failures are also printed as JSON; known once the arguments are parsed. */
let isJson = false;

const program = new Command('npx salamandra')
  .description('Captions images and videos and answers questions about them in 35 languages.')
  .version(readVersion(), '-V, --version', 'print the version')
  .addHelpText('after', EXIT_CODE_HELP)
  .addHelpText('after', exampleHelp('caption my.jpg --languages ca,es,en', 'serve'))
  .showSuggestionAfterError()
  .exitOverride()
  .hook('preAction', (_, command) => {
    const { json, format } = command.opts<{ json?: true; format?: string }>();
    isJson = json === true || format === 'json';
  });

addCaptionCommand(program, context);
addAskCommand(program, context);
addCompleteCommand(program, context);
addJobsCommand(program, context);
addServeCommand(program, context, () => process.off('SIGINT', interrupt).off('SIGTERM', interrupt));
addKeysCommand(program, context);
addPullCommand(program, context);
addModelsCommand(program, context);
addConvertCommand(program, context);
addVerifyCommand(program, context);
addDoctorCommand(program, context);
addReplayCommands(program, context);

/** The first Ctrl-C stops the work and closes the engine. The second one exits at once. */
function interrupt(): void {
  if (abort.signal.aborted) process.exit(INTERRUPTED);
  abort.abort();
}

/** A closed pipe, as in `| head`, is not an error. Child processes end with this process. */
function exitOnBrokenPipe(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

/** Arguments that commander rejects are not parsed. */
function asksForJson(args: readonly string[]): boolean {
  return /(^| )(--json|--format[ =]json)( |$)/.test(args.join(' '));
}

/** Reports a failure of the whole command. @returns the exit code. */
function report(error: unknown): number {
  if (abort.signal.aborted) return INTERRUPTED;
  if (error instanceof CommanderError) {
    // commander has printed it on standard error.
    if (error.exitCode === 0) return 0;
    if (asksForJson(process.argv)) terminal.result(JSON.stringify({ error: usageJson(error) }));
    return USAGE_ERROR;
  }
  terminal.failure(error);
  if (isJson) terminal.result(JSON.stringify({ error: errorJson(error) }));
  return exitCodeOf(error);
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.stdout.on('error', exitOnBrokenPipe);
process.stderr.on('error', exitOnBrokenPipe);
for (const warning of unknownVariableWarnings(process.env)) terminal.note(warning);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

import { type Command, Option } from 'commander';

import { loadConfiguration, parseInteger } from '../config/configuration.js';
import { MAX_ANSWER_TOKENS } from '../config/limits.js';
import { collectOutcome } from '../engine/collect-outcome.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { printTextsAsTheyCome } from './print-texts.js';
import type { Terminal } from './terminal.js';
import { waitForModel, withEngine } from './with-engine.js';

interface CompleteOptions {
  readonly model?: string;
  readonly maxTokens: string;
  readonly json?: true;
  readonly stream?: true;
}

/** What the command says, and how it is printed. */
export interface CompleteTask {
  readonly text: string;
  readonly maxTokens: number;
  readonly output: 'json' | 'text' | 'stream';
}

/**
 * Adds `complete`, which goes on with a text: what base models do, and others do without their chat template.
 *
 * @param workerEntry the module `inference.worker.js`.
 */
export function addCompleteCommand(
  program: Command,
  workerEntry: URL,
  terminal: Terminal,
  signal: AbortSignal,
): void {
  program
    .command('complete')
    .description('go on with a text, without a chat around it')
    .argument('<text>', 'the beginning; what follows is printed')
    .option('--max-tokens <count>', 'tokens to write at most', '128')
    .option('--model <model>', 'demo, an id, alias or repository, or the folder of a package')
    .option('--json', 'print JSON')
    .addOption(
      new Option('--stream', 'print text as it is written, as on a terminal').conflicts('json'),
    )
    .action(async (text: string, options: CompleteOptions) => {
      const configuration = loadConfiguration(process.env);
      const { model = configuration.model } = options;
      const maxTokens = parseInteger('--max-tokens', options.maxTokens, 1, MAX_ANSWER_TOKENS);
      const isStreamed = options.stream ?? terminal.isWatched;
      const output = options.json ? 'json' : isStreamed ? 'stream' : 'text';
      const command = { configuration: { ...configuration, model }, workerEntry };
      await withEngine(command, terminal, signal, (engine) =>
        completeText(engine, { text, maxTokens, output }, terminal, signal),
      );
    });
}

/** Prints how a text goes on. @throws what the engine throws. */
export async function completeText(
  engine: VisionLanguageEngine,
  { text, maxTokens, output }: CompleteTask,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  terminal.progress('Thinking');
  const { generation } = await waitForModel(engine, signal);
  const settings = resolveSettings({ maxTokens }, generation);
  const request = {
    media: [],
    detail: 'auto',
    conversations: [{ rawText: text }],
    settings,
  } as const;
  if (output === 'stream') {
    await printTextsAsTheyCome(engine.generate(request, signal), () => [], terminal);
    return;
  }
  const { answers } = await collectOutcome(engine, request, signal);
  for (const { text: completion, finishReason, usage } of answers) {
    const { promptTokens: prompt_tokens, completionTokens: completion_tokens } = usage;
    const result = { text: completion, finish_reason: finishReason };
    terminal.result(
      output === 'text'
        ? completion
        : JSON.stringify({ ...result, usage: { prompt_tokens, completion_tokens } }),
    );
  }
}

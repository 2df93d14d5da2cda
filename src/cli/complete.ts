import type { Command } from 'commander';

import { parseInteger } from '../config/configuration.js';
import { MAX_ANSWER_TOKENS } from '../config/limits.js';
import { collectOutcome } from '../engine/collect-outcome.js';
import { provenanceJson } from '../engine/provenance.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  createModelOption,
  createStreamOption,
  exampleHelp,
} from './command-context.js';
import { printTextsAsTheyCome } from './print-texts.js';
import { waitForModel, withEngine } from './with-engine.js';

interface CompleteOptions {
  readonly model?: string;
  readonly maxTokens: string;
  readonly json?: true;
  readonly stream?: true;
}

export interface CompleteTask {
  readonly text: string;
  readonly maxTokens: number;
  readonly output: 'json' | 'text' | 'stream';
}

/** Adds `complete`, for base models, and for other models without their chat template. */
export function addCompleteCommand(program: Command, context: CommandContext): void {
  program
    .command('complete')
    .description('continue a text, without a chat template')
    .argument('<text>', 'the prompt; only its continuation is printed')
    .option('--max-tokens <count>', `at most this many tokens, up to ${MAX_ANSWER_TOKENS}`, '128')
    .addOption(createModelOption())
    .addOption(createJsonOption())
    .addOption(createStreamOption().conflicts('json'))
    .addHelpText('after', exampleHelp('complete "A salamander is" --model 2b-base'))
    .action(async (text: string, options: CompleteOptions) => {
      const configuration = configurationFor(options);
      const maxTokens = parseInteger('--max-tokens', options.maxTokens, 1, MAX_ANSWER_TOKENS);
      const isStreamed = options.stream ?? context.terminal.isTTY;
      const output = options.json ? 'json' : isStreamed ? 'stream' : 'text';
      await withEngine({ configuration }, context, (engine) =>
        completeText(engine, { text, maxTokens, output }, context),
      );
    });
}

/** Prints the continuation of a text. @throws the errors of the engine. */
export async function completeText(
  engine: VisionLanguageEngine,
  { text, maxTokens, output }: CompleteTask,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<void> {
  terminal.progress('Generating');
  const model = await waitForModel(engine, signal);
  const settings = resolveSettings({ maxTokens }, model.generation);
  const request = {
    media: [],
    detail: 'auto',
    conversations: [{ rawText: text }],
    settings,
    receipts: output === 'json',
  } as const;
  if (output === 'stream') {
    await printTextsAsTheyCome(engine.generate(request, signal), () => [], terminal);
    return;
  }
  const { answers } = await collectOutcome(engine, request, signal);
  for (const { text: completion, finishReason, usage, receipt } of answers) {
    const { promptTokens: prompt_tokens, completionTokens: completion_tokens } = usage;
    const line = {
      ...{ text: completion, finish_reason: finishReason },
      usage: { prompt_tokens, completion_tokens },
      receipt,
      ...provenanceJson(model, settings),
    };
    terminal.result(output === 'text' ? completion : JSON.stringify(line));
  }
}

import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { type EarlierTurn, questionConversation } from '../engine/conversations.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type { RequestMedia, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { Language } from '../language/languages.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { Detail } from '../vision/plan-tiles.js';
import { exitCodeOf } from './exit-code.js';
import { presentMedia } from './present-media.js';
import { type Delivery, printTextsAsTheyCome } from './print-texts.js';
import { readMedia } from './read-media.js';
import type { Terminal } from './terminal.js';
import { type EngineCommand, waitForModel, withEngine } from './with-engine.js';

export interface AskCommand extends EngineCommand {
  /** Pictures and clips; none for text alone. */
  readonly files: readonly string[];
  /** One question after another; each sees what came before. */
  readonly questions: AsyncIterable<string> | Iterable<string>;
  readonly history: readonly EarlierTurn[];
  readonly language: Language;
  readonly detail: Detail;
  readonly sampling: FrameSampling;
  readonly output: 'text' | 'json';
  readonly delivery: Delivery;
}

/** Of one question, with its media ready. */
interface Turn {
  readonly question: string;
  readonly history: readonly EarlierTurn[];
  readonly media: readonly RequestMedia[];
}

/**
 * Answers questions about the same files, or about none, and prints as it goes. A question that fails does not stop the
 * next one, and is forgotten.
 *
 * @returns the exit code.
 * @throws when a file cannot be read or the model cannot be loaded; the signal's reason.
 */
export async function askQuestions(
  command: AskCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const media: RequestMedia[] = [];
  // Files first: a wrong name should not have to wait for the model.
  for (const file of command.files) media.push(await readMedia(file, command.sampling));
  return await withEngine(command, terminal, signal, async (engine) => {
    let exitCode = 0;
    let history = command.history;
    for await (const question of command.questions) {
      signal.throwIfAborted();
      try {
        const text = await answer(engine, { question, history, media }, command, terminal, signal);
        history = [...history, { role: 'user', text: question }, { role: 'assistant', text }];
      } catch (error) {
        signal.throwIfAborted();
        terminal.failure(error);
        exitCode ||= exitCodeOf(error);
      }
    }
    signal.throwIfAborted();
    return exitCode;
  });
}

/** Prints the answer to one question, and returns it. */
async function answer(
  engine: VisionLanguageEngine,
  { question, history, media }: Turn,
  { files, language, detail, output, delivery }: AskCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  terminal.progress('Thinking');
  const model = await waitForModel(engine, signal);
  const shown = media.map(({ kind }) => kind);
  const request = {
    media,
    detail,
    conversations: [questionConversation(question, language, { shown, history })],
    settings: resolveSettings({}, model.generation),
  };
  if (output === 'text' && delivery === 'stream') {
    const events = engine.generate(request, signal);
    return textOf(await printTextsAsTheyCome(events, () => [], terminal));
  }
  const outcome = await collectOutcome(engine, request, signal);
  const [first] = outcome.answers;
  const text = textOf(outcome);
  if (output === 'text') {
    terminal.result(text);
    return text;
  }
  const results = [{ language: language.code, question, text, finish_reason: first?.finishReason }];
  terminal.result(JSON.stringify({ files, media: outcome.media.map(presentMedia), results }));
  return text;
}

function textOf({ answers: [answer] }: RequestOutcome): string {
  return answer?.text ?? '';
}

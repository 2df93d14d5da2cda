import { computed, type ReadonlySignal, signal } from '@preact/signals';

import { askedMedia } from '../media/asked-media.js';
import type { MediaItem } from '../media/tray.js';
import { type RunReport, setReport } from '../report/reports.js';
import type { AnswerResult, MediaReport, Timings } from '../service/api-types.js';
import { sendStream } from '../service/send-stream.js';
import { toAskForm } from './ask-request.js';
import { answerLanguage, askSettings } from './ask-settings.js';
import {
  ask,
  type Conversation,
  edit,
  EMPTY_CONVERSATION,
  type Exchange,
  fail,
  finish,
  isRunning,
  receive,
  regenerate,
  stop,
  upload,
} from './conversation.js';
import { newSampling } from './settings-values.js';

const conversation = signal<Conversation>(EMPTY_CONVERSATION);
let request: AbortController | undefined;

/** What was said, oldest first. */
export const exchanges: ReadonlySignal<readonly Exchange[]> = computed(
  () => conversation.value.exchanges,
);

/** Whether an answer is on its way. */
export const isAnswering: ReadonlySignal<boolean> = computed(() => exchanges.value.some(isRunning));

/** Asks about all that is in the tray: after what was said, or in the place of an earlier question. */
export function askQuestion(text: string, insteadOf: number | null): void {
  const { temperature, seed } = askSettings.value;
  const question = { text, language: answerLanguage.value, sampling: { temperature, seed } };
  begin(
    insteadOf === null
      ? ask(conversation.value, question)
      : edit(conversation.value, insteadOf, question),
  );
}

/** Asks the last question once more, with a new seed. */
export function answerAgain(): void {
  begin(regenerate(conversation.value, newSampling(askSettings.value, Math.random())));
}

/** Asks the last question once more, as it was asked. */
export function retryAnswer(): void {
  const last = exchanges.value.at(-1);
  if (last) begin(regenerate(conversation.value, last.question.sampling));
}

/** Stops the answer that is on its way; what came of it stays. */
export function stopAnswer(): void {
  request?.abort();
  conversation.value = stop(conversation.value);
}

/** Forgets what was said. */
export function clearConversation(): void {
  stopAnswer();
  conversation.value = { ...conversation.value, exchanges: [] };
}

function begin(next: Conversation): void {
  request?.abort();
  request = new AbortController();
  conversation.value = next;
  const exchange = next.exchanges.at(-1);
  if (exchange) void fetchAnswer(exchange, next.exchanges.slice(0, -1), request.signal);
}

async function fetchAnswer(
  { id, question }: Exchange,
  earlier: readonly Exchange[],
  signal: AbortSignal,
): Promise<void> {
  const items = askedMedia.value;
  const files = items.map(({ file }) => file);
  const report = createReporter(items);
  const form = toAskForm({ question, earlier, files, tokens: askSettings.value.tokens });
  const handlers = {
    onUpload(fraction: number) {
      conversation.value = upload(conversation.value, id, fraction);
    },
    onEvent(name: string, data: unknown) {
      if (name === 'text-delta') {
        conversation.value = receive(conversation.value, id, data as AnswerResult);
      } else if (name === 'answer') {
        conversation.value = finish(conversation.value, id, data as AnswerResult);
      }
      report(name, data);
    },
  };
  try {
    await sendStream('/v1/answers', form, handlers, signal);
  } catch (error) {
    // Stopped by hand: the conversation knows already.
    if (!signal.aborted) conversation.value = fail(conversation.value, id, error);
  }
}

/** Tells what became of the media: how they were cut as soon as that is known, what it cost when all is done. */
function createReporter(items: readonly MediaItem[]): (name: string, data: unknown) => void {
  let reports: readonly RunReport[] = [];
  const tell = () =>
    items.forEach(({ id }, index) => {
      const report = reports[index];
      if (report) setReport(id, report);
    });
  return (name, data) => {
    if (name === 'media') {
      const { media: shown } = data as { media: readonly MediaReport[] };
      reports = shown.map((each) => ({ media: each, usage: null, timings: null }));
      tell();
    } else if (name === 'answer') {
      const { usage } = data as AnswerResult;
      reports = reports.map((report) => ({ ...report, usage }));
    } else if (name === 'done') {
      const { timings } = data as { timings: Timings };
      reports = reports.map((report) => ({ ...report, timings }));
      tell();
    }
  };
}

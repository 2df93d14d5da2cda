import { computed, type ReadonlySignal, signal } from '@preact/signals';

import { questionMedia } from '../media/question-media.js';
import type { MediaItem } from '../media/media-store.js';
import { type RunReport, setReport } from '../report/report-store.js';
import type { AnswerResult, MediaReport, Timings } from '../service/api-types.js';
import { sendStream } from '../service/send-stream.js';
import { toAskForm } from './ask-request.js';
import { answerLanguage, askSettings } from './stored-ask-settings.js';
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
  setModel,
  stop,
  upload,
} from './conversation.js';
import { newSampling } from './ask-settings.js';

const conversation = signal<Conversation>(EMPTY_CONVERSATION);
let request: AbortController | undefined;

/** The exchanges, oldest first. */
export const exchanges: ReadonlySignal<readonly Exchange[]> = computed(
  () => conversation.value.exchanges,
);

/** Whether an answer is pending or streaming. */
export const isAnswering: ReadonlySignal<boolean> = computed(() => exchanges.value.some(isRunning));

/**
 * Sends a question about the added media, at the end of the conversation or as a replacement of the question
 * `replacedId`.
 */
export function askQuestion(text: string, replacedId: number | null): void {
  const { temperature, seed } = askSettings.value;
  const question = { text, language: answerLanguage.value, sampling: { temperature, seed } };
  send(
    replacedId === null
      ? ask(conversation.value, question)
      : edit(conversation.value, replacedId, question),
  );
}

/** Sends the last question again with a new seed. */
export function regenerateAnswer(): void {
  send(regenerate(conversation.value, newSampling(askSettings.value, Math.random())));
}

/** Sends the last question again with the same settings. */
export function retryAnswer(): void {
  const last = exchanges.value.at(-1);
  if (last) send(regenerate(conversation.value, last.question.sampling));
}

/** Stops the current answer and keeps its text. */
export function stopAnswer(): void {
  request?.abort();
  conversation.value = stop(conversation.value);
}

/** Removes all exchanges. */
export function clearConversation(): void {
  stopAnswer();
  conversation.value = { ...conversation.value, exchanges: [] };
}

function send(next: Conversation): void {
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
  const items = questionMedia.value;
  const files = items.map(({ file }) => file);
  const report = createReporter(items, question.language);
  const form = toAskForm({ question, earlier, files, tokens: askSettings.value.tokens });
  const handlers = {
    onUpload(fraction: number) {
      conversation.value = upload(conversation.value, id, fraction);
    },
    onEvent(name: string, data: unknown) {
      if (name === 'media') {
        const { model } = data as { model: string };
        conversation.value = setModel(conversation.value, id, model);
      } else if (name === 'text-delta') {
        conversation.value = receive(conversation.value, id, data as AnswerResult);
      } else if (name === 'answer') {
        conversation.value = finish(conversation.value, id, data as AnswerResult);
      }
      report(name, data);
    },
  };
  try {
    await sendStream('v1/answers', form, handlers, signal);
  } catch (error) {
    // `stopAnswer` has updated the conversation already.
    if (!signal.aborted) conversation.value = fail(conversation.value, id, error);
  }
}

/** Updates the reports of the media: tiles and frames when they are known, tokens and timings at the end. */
function createReporter(
  items: readonly MediaItem[],
  language: string,
): (name: string, data: unknown) => void {
  let reports: readonly RunReport[] = [];
  const publish = () =>
    items.forEach(({ id }, index) => {
      const report = reports[index];
      if (report) setReport(id, report);
    });
  return (name, data) => {
    if (name === 'media') {
      const { media } = data as { media: readonly MediaReport[] };
      reports = media.map((each) => ({ media: each, usage: null, subject: null, timings: null }));
      publish();
    } else if (name === 'answer') {
      const { usage } = data as AnswerResult;
      const subject = { of: 'answer', language } as const;
      reports = reports.map((report) => ({ ...report, usage, subject }));
    } else if (name === 'done') {
      const { timings } = data as { timings: Timings };
      reports = reports.map((report) => ({ ...report, timings }));
      publish();
    }
  };
}

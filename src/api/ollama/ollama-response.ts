import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { toEnd } from '../openai/completion-fields.js';
import { JSON_LINES } from '../response/event-stream.js';
import type { OutcomeFormat } from '../response/send-outcome.js';
import { toOllamaError } from './errors.js';

/** The members of a reply that hold its text. */
export type ToText = (text: string) => object;

export const toChatText: ToText = (content) => ({ message: { role: 'assistant', content } });
export const toGeneratedText: ToText = (response) => ({ response });

/** Ollama's reply: one JSON object, or a line for each piece of text and a last one with counts and durations. */
export function createOllamaFormat(model: string, toText: ToText): OutcomeFormat {
  const head = () => ({ model, created_at: new Date().toISOString() });
  const line = (text: string, end: object) => ({ ...head(), ...toText(text), ...end });
  return {
    streamForm: JSON_LINES,
    toResponse: (outcome) =>
      line(outcome.answers.map(({ text }) => text).join(''), toFigures(outcome)),
    toMessages: (event) => {
      switch (event.type) {
        case 'media':
        case 'answer':
          return [];
        case 'text-delta':
          return [{ data: JSON.stringify(line(event.text, { done: false })) }];
        case 'done':
          return [{ data: JSON.stringify(line('', toFigures(event.outcome))) }];
      }
    },
    toErrorMessage: (error) => ({ data: JSON.stringify(toOllamaError(error)) }),
  };
}

/** The reply to a request without a prompt, by which clients load a model. */
export function toLoadReply(model: string, toText: ToText): object {
  const created_at = new Date().toISOString();
  return { model, created_at, ...toText(''), done: true, done_reason: 'load' };
}

/** Durations in nanoseconds. The prompt's evaluation includes the vision encoder. */
function toFigures({ answers, timings }: RequestOutcome): object {
  const [answer] = answers;
  if (!answer) throw new Error('The engine gave no answer.');
  return {
    done: true,
    done_reason: toEnd(answer).finish_reason,
    total_duration: toNanoseconds(timings.totalMs),
    load_duration: 0,
    prompt_eval_count: answer.usage.promptTokens,
    prompt_eval_duration: toNanoseconds(timings.encodeMs + timings.prefillMs),
    eval_count: answer.usage.completionTokens,
    eval_duration: toNanoseconds(timings.decodeMs),
  };
}

function toNanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}

/** The model stays loaded: a time that no client waits for. */
const NEVER = '9999-12-31T23:59:59Z';

/** An entry of `/api/tags`. @param since start of the service. */
export function toTag(model: ModelDescription, since: string) {
  const name = `${model.id}:latest`;
  return {
    ...{ name, model: name, modified_at: since, size: model.costs.weightBytes },
    ...{ digest: model.revision, details: toDetails(model) },
  };
}

/** An entry of `/api/ps`. It runs on the processor, so it takes no video memory. */
export function toRunning(model: ModelDescription, since: string) {
  return {
    ...toTag(model, since),
    expires_at: NEVER,
    size_vram: 0,
    context_length: model.contextLength,
  };
}

/** The reply of `/api/show`. */
export function toModelFacts(model: ModelDescription, since: string) {
  const { architecture, licence, contextLength, inputModalities } = model;
  return {
    license: licence,
    modified_at: since,
    details: toDetails(model),
    model_info: {
      'general.architecture': architecture,
      [`${architecture}.context_length`]: contextLength,
    },
    capabilities: ['completion', ...(inputModalities.includes('image') ? ['vision'] : [])],
  };
}

function toDetails({ architecture, precision }: ModelDescription) {
  return {
    ...{ parent_model: '', format: 'onnx', family: architecture, families: [architecture] },
    ...{ parameter_size: '', quantization_level: precision },
  };
}

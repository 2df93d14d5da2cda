import { hash } from 'node:crypto';

import { roundToMilliseconds } from '../../media/frame-sampling.js';
import type { MediaReport } from '../../media/media-report.js';
import type {
  Answer,
  AnswerEvidence,
  Conversation,
  EngineEvent,
  EngineRequest,
  GenerationSettings,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../vision-language-engine.js';
import {
  type Receipt,
  type ReceiptMedia,
  type ReceiptPrompt,
  type ReceiptSettings,
} from './receipt.js';
import type { ReceiptSigner } from './signing-key.js';

/** An engine whose answers carry signed receipts, if their request asks for receipts. */
export function withReceipts(
  engine: VisionLanguageEngine,
  signer: ReceiptSigner,
): VisionLanguageEngine {
  async function* generate(
    request: EngineRequest,
    signal?: AbortSignal,
    onStart?: () => void,
  ): AsyncGenerator<EngineEvent> {
    let reports: readonly MediaReport[] = [];
    for await (const event of engine.generate(request, signal, onStart)) {
      if (event.type === 'media') reports = event.media;
      if (event.type !== 'answer' || !event.evidence) {
        yield event;
        continue;
      }
      const { evidence, ...answer } = event;
      const model = await engine.describe();
      const receipt = await signer.sign(createReceipt(model, request, reports, answer, evidence));
      yield { ...answer, receipt };
    }
  }
  return {
    status: () => engine.status(),
    describe: () => engine.describe(),
    close: () => engine.close(),
    generate: (request, signal, onStart) =>
      request.receipts
        ? generate(request, signal, onStart)
        : engine.generate(request, signal, onStart),
  };
}

function createReceipt(
  { id, revision, precision, environment }: ModelDescription,
  request: EngineRequest,
  reports: readonly MediaReport[],
  { conversation: index, text, finishReason, usage }: Answer,
  { promptSha256, meanLogprob, minLogprob }: AnswerEvidence,
): Receipt {
  const { packageSha256, templateSha256, versions, machine } = environment;
  const conversation = request.conversations[index] ?? [];
  return {
    format: 1,
    created: new Date().toISOString(),
    model: { id, revision, package_sha256: packageSha256, precision },
    versions,
    machine,
    prompt: {
      sha256: promptSha256,
      template_sha256: templateSha256,
      ...toPrompt(conversation, request),
    },
    settings: toSettings(request.settings),
    media: request.media.flatMap((media, position) => {
      const report = reports[position];
      return report ? [toMedia(media, report, request.detail)] : [];
    }),
    text: {
      sha256: hash('sha256', text),
      tokens: usage.completionTokens,
      finish_reason: finishReason,
    },
    scores: { mean_logprob: toScore(meanLogprob), min_logprob: toScore(minLogprob) },
  };
}

/** Rounded, because the last digits depend on the other sequences of a batch. JSON has no infinity. */
function toScore(logprob: number | null): number | null {
  return logprob === null ? null : Math.max(Math.round(logprob * 1e4) / 1e4, -9999);
}

type PromptText =
  | Pick<Extract<ReceiptPrompt, { readonly raw: string }>, 'raw'>
  | Omit<Exclude<ReceiptPrompt, { readonly raw: string }>, 'sha256' | 'template_sha256'>;

function toPrompt(
  conversation: Conversation,
  { templateVariables = {} }: EngineRequest,
): PromptText {
  return 'rawText' in conversation
    ? { raw: conversation.rawText }
    : { messages: conversation, variables: templateVariables };
}

function toSettings(settings: GenerationSettings): ReceiptSettings {
  return {
    max_tokens: settings.maxTokens,
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK,
    min_p: settings.minP,
    seed: settings.seed,
    repetition_penalty: settings.repetitionPenalty,
    frequency_penalty: settings.frequencyPenalty,
    presence_penalty: settings.presencePenalty,
    min_tokens: settings.minTokens,
    stop: settings.stop,
    stop_token_ids: settings.stopTokenIds,
    stop_text: settings.stopText,
    end_of_text: settings.endOfText,
    logit_bias: Object.fromEntries(settings.logitBias),
    ...(settings.answerFormat && { answer_format: settings.answerFormat }),
  };
}

function toMedia(
  media: RequestMedia,
  report: MediaReport,
  detail: EngineRequest['detail'],
): ReceiptMedia {
  const { sha256, visualTokens: visual_tokens } = report;
  if (media.kind === 'image') {
    const { tiles, grid } =
      report.kind === 'image' ? report : { tiles: report.frames.length, grid: null };
    return { kind: 'image', sha256, page: media.page ?? null, detail, tiles, grid, visual_tokens };
  }
  const frames = report.kind === 'video' ? report.frames : [];
  const { mode, frames: asked, range } = media.sampling;
  return {
    ...{ kind: 'video', sha256 },
    sampling: {
      mode,
      num_frames: 'count' in asked ? asked.count : null,
      fps: 'perSecond' in asked ? asked.perSecond : null,
      start: range?.startSeconds ?? null,
      end: range?.endSeconds ?? null,
    },
    frames: frames.map(({ timestampSeconds }) => roundToMilliseconds(timestampSeconds)),
    visual_tokens,
  };
}

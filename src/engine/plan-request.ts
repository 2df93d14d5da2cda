import type { PromptSegment } from '../language/build-prompt.js';
import { assertSupportsMedia, inputModalitiesOf } from './input-modalities.js';
import type { PipelineModel } from './loaded-model.js';
import {
  alignedSharedPrefix,
  assertEachMediaReferencedOnce,
  buildRequestPrompt,
  type CommonPrefix,
  countTextBytes,
  countTextIds,
  findCommonPrefix,
} from './prompts.js';
import { featureBytes, type MemoryEstimate } from './scheduling/memory-estimate.js';
import { MAX_REPLY_LOGPROBS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { EngineRequest } from './vision-language-engine.js';
import {
  boundRequestVisualTokens,
  minVisualTokens,
  resolveVisualTokenBudget,
} from './visual-token-budget.js';

/** Facts about a request that are known before its media are decoded. */
export interface RequestPlan {
  /** One prompt per conversation. */
  readonly prompts: readonly (readonly PromptSegment[])[];
  readonly commonPrefix: CommonPrefix;
  /** Visual tokens that all media may have together. */
  readonly visualTokenBudget: number;
  /** Worst case with the visual tokens that the media may have. */
  readonly worstCase: MemoryEstimate;
  /** The estimate once the visual tokens are known. */
  estimateMemory(visualTokens: number): MemoryEstimate;
}

/** Runs the tokenization of one conversation in its turn among those of other requests. */
type RunTurn = <T>(textBytes: number, tokenize: () => T) => Promise<T>;

/**
 * Tokenizes the prompts and budgets the context window. The text comes first: the room that it leaves decides the
 * detail of images and the number of video frames.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, CONTEXT_LENGTH_EXCEEDED
 */
export async function planRequest(
  request: EngineRequest,
  { manifest, vision, tokenizer, decoder }: PipelineModel,
  runTurn: RunTurn,
): Promise<RequestPlan> {
  const { media, detail, conversations, settings, templateVariables, echo } = request;
  assertSupportsMedia(
    media.map(({ kind }) => kind),
    { id: manifest.id, inputModalities: inputModalitiesOf(vision) },
  );
  const prompts: PromptSegment[][] = [];
  for (const conversation of conversations) {
    const tokenize = () => buildRequestPrompt(conversation, tokenizer, templateVariables);
    prompts.push(await runTurn(countTextBytes(conversation), tokenize));
  }
  assertEachMediaReferencedOnce(media, prompts);
  const { maxTokens } = settings;
  const visualTokenBudget = resolveVisualTokenBudget(prompts, {
    maxPositions: decoder.maxPositions,
    maxTokens,
    minVisualTokens: minVisualTokens(media, vision),
  });
  if (echo !== undefined) checkEcho(request, prompts);
  // Log-probabilities need the logits of every position, which shared and cached positions do not have.
  const commonPrefix =
    echo === 'logprobs' ? { textTokens: 0, media: [] } : findCommonPrefix(prompts);
  const longestText = Math.max(...prompts.map(countTextIds));

  function estimateMemory(visualTokens: number): MemoryEstimate {
    // If some media are outside the common prefix, every conversation may hold them.
    const isMediaShared = commonPrefix.media.length === media.length;
    const sharedPositions = isMediaShared
      ? alignedSharedPrefix(commonPrefix.textTokens + visualTokens)
      : 0;
    return {
      featureBytes: featureBytes(visualTokens, manifest.decoder.hiddenSize),
      sharedPositions,
      ownPositions: longestText + visualTokens - sharedPositions + maxTokens,
      sequences: prompts.length,
    };
  }

  const bound = boundRequestVisualTokens(media, detail, visualTokenBudget, vision);
  const worstCase = estimateMemory(bound);
  return { prompts, commonPrefix, visualTokenBudget, worstCase, estimateMemory };
}

/** @throws INVALID_PARAMETER for chat messages, and above MAX_REPLY_LOGPROBS log-probabilities */
function checkEcho(
  { conversations, settings, echo }: EngineRequest,
  prompts: readonly (readonly PromptSegment[])[],
): void {
  if (conversations.some((each) => !('rawText' in each || 'tokenIds' in each))) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'Invalid "echo": only raw prompts can be repeated.',
    );
  }
  if (echo === 'tokens') return;
  const tokens = prompts.reduce((sum, prompt) => sum + countTextIds(prompt), 0);
  const { maxTokens, topLogprobs = 0 } = settings;
  const logprobs = (tokens + prompts.length * maxTokens) * (1 + topLogprobs);
  if (logprobs <= MAX_REPLY_LOGPROBS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `Invalid "logprobs": prompts and answers have up to ${logprobs} log-probabilities, limit ${MAX_REPLY_LOGPROBS} for one response. Lower logprobs, max_tokens or the number of prompts.`,
  );
}

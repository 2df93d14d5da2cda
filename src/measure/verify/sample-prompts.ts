import { buildRequestPrompt, countTextIds } from '../../engine/prompts.js';
import type { PromptSegment } from '../../language/build-prompt.js';
import type { Tokenizer } from '../../language/tokenizer.js';
import type { ModelManifest } from '../../models/package/manifest.js';
import { captionConversation, questionConversation } from '../../engine/conversations.js';
import type { Conversation } from '../../engine/vision-language-engine.js';
import { type CaptionKind, resolveLanguage } from '../../language/languages.js';

/** A prompt that every compared model runs. */
export interface SamplePrompt {
  /** BCP 47. */
  readonly language: string;
  /** Whether the conversation contains the sample image. */
  readonly hasImage: boolean;
  readonly conversation: Conversation;
}

/** Decides which prompts a model can run. */
export interface ModelAbilities {
  readonly hasVision: boolean;
  /** Base models have no chat template: they complete a text. */
  readonly hasChatTemplate: boolean;
}

/** Prompts about the sample image: short captions in eight languages, a long caption and keywords. */
const CAPTIONS: readonly (readonly [language: string, kind: CaptionKind])[] = [
  ...(['en', 'es', 'ca', 'eu', 'gl', 'pt', 'fr', 'de'] as const).map(
    (language) => [language, 'caption'] as const,
  ),
  ['en', 'long'],
  ['es', 'keywords'],
];

/** A question for chat models, and the prefix of a text on the same subject for base models. */
const TEXTS: readonly (readonly [language: string, question: string, prefix: string])[] = [
  ['en', 'What is the capital of Portugal?', 'The capital of Portugal is Lisbon, a city that'],
  [
    'es',
    '¿Por qué el cielo es azul durante el día?',
    'El cielo es azul durante el día porque la luz del sol',
  ],
  ['ca', 'Què és una biblioteca?', 'Una biblioteca és un lloc on'],
  ['gl', 'Que froita é amarela e longa?', 'O plátano é unha froita que'],
  ['eu', 'Zein da Frantziako hiriburua?', 'Frantziako hiriburua Paris da, eta hiri horretan'],
  ['pt', 'Quantos dias tem uma semana?', 'Uma semana tem sete dias, e o primeiro'],
  ['fr', 'Quels animaux vivent dans une ferme ?', 'Dans une ferme vivent des vaches, des poules'],
  ['de', 'Welche Farben hat die Fahne Italiens?', 'Die Fahne Italiens hat drei Farben, nämlich'],
];

/** About 170 tokens: long enough to show the error that prefill adds. */
const LONG_TEXT =
  'The river rises as a spring below the northern wall of the mountains. For the first hours of its way it is no ' +
  'wider than a path, and the shepherds cross it on three flat stones. Then a second stream joins it from the west, ' +
  'brown with the clay of the terraced fields, and for a while the two colours run side by side between the poplars. ' +
  'At the old mill the water was once led through a canal of grey stone; the wheel is gone, but the canal still feeds ' +
  'the gardens of the village, where beans, onions and pears are grown. Below the village the valley widens. There are ' +
  'two bridges: a narrow one of the fourteenth century, and a road bridge of concrete that was finished in 1968.';
const LONG_QUESTION = `${LONG_TEXT} How many bridges are there?`;
const LONG_PREFIX = `${LONG_TEXT} Between the two bridges`;

/** A sample prompt in the tokens of a model. */
export interface PreparedPrompt extends SamplePrompt {
  readonly segments: readonly PromptSegment[];
}

/** Tokens of each answer: enough to show divergence, and only seconds for the largest models. */
export const MAX_TRACED_TOKENS = 24;

/** Visual tokens that the sample image may have, so that half of the context is left to text. */
export function maxSampleVisualTokens({ decoder }: Pick<ModelManifest, 'decoder'>): number {
  return Math.floor(decoder.maxPositions / 2);
}

/** The sample prompts as token ids, without those that leave no room in the context for an answer. */
export function prepareSamplePrompts(
  manifest: Pick<ModelManifest, 'decoder' | 'vision'>,
  tokenizer: Tokenizer,
): PreparedPrompt[] {
  const abilities = {
    hasVision: manifest.vision !== null,
    hasChatTemplate: tokenizer.chatTemplate !== null,
  };
  const { maxPositions } = manifest.decoder;
  return samplePrompts(abilities).flatMap((prompt) => {
    const segments = buildRequestPrompt(prompt.conversation, tokenizer);
    const visualTokens = prompt.hasImage ? maxSampleVisualTokens(manifest) : 0;
    const room = maxPositions - visualTokens - MAX_TRACED_TOKENS;
    return countTextIds(segments) <= room ? [{ ...prompt, segments }] : [];
  });
}

/** The prompts that a model can run, those about the image first. */
export function samplePrompts({ hasVision, hasChatTemplate }: ModelAbilities): SamplePrompt[] {
  if (!hasChatTemplate) {
    const prefixes = TEXTS.map(([language, , text]) => [language, text] as const);
    return [...prefixes, ['en', LONG_PREFIX] as const].map(([language, rawText]) => ({
      language,
      hasImage: false,
      conversation: { rawText },
    }));
  }
  const captions = (hasVision ? CAPTIONS : []).map(([language, kind]) => ({
    language,
    hasImage: true,
    conversation: captionConversation(kind, resolveLanguage(language)),
  }));
  const questions = TEXTS.map(([language, text]) => [language, text] as const);
  const answers = [...questions, ['en', LONG_QUESTION] as const].map(([language, question]) => ({
    language,
    hasImage: false,
    conversation: questionConversation(question, resolveLanguage(language), { shown: [] }),
  }));
  return [...captions, ...answers];
}

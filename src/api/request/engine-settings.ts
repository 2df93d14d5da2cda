import { resolveSettings } from '../../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { GenerationDto } from './generation.dto.js';

/** The model that will answer. @throws MODEL_NOT_READY when it was lost since the request was admitted. */
export function readyModel(engine: VisionLanguageEngine): ModelDescription {
  const status = engine.status();
  if (status.state === 'ready') return status.model;
  throw new SalamandraError('MODEL_NOT_READY', 'The model is still loading.');
}

/** The settings a body asks for, completed by the model's defaults. */
export function toSettings(
  body: GenerationDto & { readonly top_logprobs?: number },
  model: ModelDescription,
): GenerationSettings {
  const asked = {
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    repetitionPenalty: body.repetition_penalty,
    seed: body.seed,
    maxTokens: body.max_tokens,
    stop: body.stop,
    topLogprobs: body.top_logprobs,
  };
  return resolveSettings(asked, model.generation);
}

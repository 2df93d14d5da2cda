import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/** Names whichever model is loaded, for clients that are set up once and for all. */
const ANY_MODEL = 'visual-salamandra';

/**
 * Checks the name by which a client asks for a model.
 *
 * @throws NOT_FOUND unless it is the loaded model's id or `visual-salamandra`.
 */
export function checkRequestedModel(name: string, loaded: ModelDescription): void {
  if (name === loaded.id || name === ANY_MODEL) return;
  throw new SalamandraError('NOT_FOUND', 'The model is not here; GET /v1/models lists what is.', {
    details: { parameter: 'model' },
  });
}

import { SalamandraError } from '../errors/salamandra-error.js';
import type { InputModality } from './vision-language-engine.js';

/** What a model takes: text alone where it has nothing to see with. */
export function inputModalitiesOf(vision: object | null): readonly InputModality[] {
  return vision ? ['text', 'image', 'video'] : ['text'];
}

/** Refuses pictures and clips before any work is done on them. @throws INVALID_REQUEST where the model sees none. */
export function assertSupportsMedia(
  media: readonly unknown[],
  modalities: readonly InputModality[],
): void {
  if (media.length === 0 || modalities.includes('image')) return;
  throw new SalamandraError('INVALID_REQUEST', 'The model reads text alone.');
}

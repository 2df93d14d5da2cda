import { SalamandraError } from '../errors/salamandra-error.js';
import type { InputModality } from './vision-language-engine.js';

/** A model without a vision encoder accepts text only. */
export function inputModalitiesOf(vision: object | null): readonly InputModality[] {
  return vision ? ['text', 'image', 'video'] : ['text'];
}

/** Refuses media before any work is done on them. @throws INVALID_REQUEST for a text-only model. */
export function assertSupportsMedia(
  media: readonly unknown[],
  modalities: readonly InputModality[],
): void {
  if (media.length === 0 || modalities.includes('image')) return;
  throw new SalamandraError(
    'INVALID_REQUEST',
    'This model has no vision encoder and accepts text only. Remove the media, or use a service with a vision model.',
  );
}

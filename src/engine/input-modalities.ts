import { SalamandraError } from '../errors/salamandra-error.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { InputModality, ModelDescription } from './vision-language-engine.js';

/** A model without a vision encoder accepts text only, and not every layout has visual tokens of videos. */
export function inputModalitiesOf(
  vision: { readonly geometry: Pick<VisionGeometry, 'videoProcessor'> } | null,
): readonly InputModality[] {
  if (!vision) return ['text'];
  return vision.geometry.videoProcessor ? ['text', 'image', 'video'] : ['text', 'image'];
}

/**
 * Rejects media that the model does not accept, before any work is done on them.
 *
 * @param kinds of the media of a request; `unknown` for a file that was not read yet.
 * @throws INVALID_REQUEST
 */
export function assertSupportsMedia(
  kinds: readonly ('image' | 'video' | 'unknown')[],
  { id, inputModalities }: Pick<ModelDescription, 'id' | 'inputModalities'>,
): void {
  if (kinds.length > 0 && !inputModalities.includes('image')) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      `The model ${id} has no vision encoder and accepts text only. Remove the media, or use a service with a vision model.`,
    );
  }
  if (kinds.includes('video') && !inputModalities.includes('video')) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      `The model ${id} accepts images, but no videos. Send single frames as images, or use a service with a model for videos, such as LLaVA-OneVision.`,
    );
  }
}

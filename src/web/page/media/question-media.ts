import { computed, type ReadonlySignal } from '@preact/signals';

import { modelSupportsMedia } from '../service/service-status.js';
import { media, type MediaItem } from './media-store.js';

/** The media sent with a question: all added files, or none if the model does not accept media. */
export const questionMedia: ReadonlySignal<readonly MediaItem[]> = computed(() =>
  modelSupportsMedia.value ? media.value : [],
);

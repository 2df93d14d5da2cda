import { computed, type ReadonlySignal } from '@preact/signals';

import { seesMedia } from '../service/service-status.js';
import { media, type MediaItem } from './tray.js';

/** What a question is about: all that is in the tray, where the model sees it. */
export const askedMedia: ReadonlySignal<readonly MediaItem[]> = computed(() =>
  seesMedia.value ? media.value : [],
);

import './no-preview.css';

import { t } from '../locales/locale.js';
import { VideoIcon, ImageIcon } from '../shell/icons.js';
import type { MediaFileKind } from './file-kind.js';

/** Replaces the preview of a format that the browser cannot show. */
export function NoPreview({ kind }: { kind: MediaFileKind }) {
  return (
    <p class="no-preview">
      {kind === 'image' ? <ImageIcon /> : <VideoIcon />}
      {t().media.noPreview}
    </p>
  );
}

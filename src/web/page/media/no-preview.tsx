import './no-preview.css';

import { t } from '../locales/locale.js';
import { ClipIcon, PictureIcon } from '../shell/icons.js';
import type { MediaFileKind } from './file-kind.js';

/** In place of a picture or a clip that the browser cannot show. */
export function NoPreview({ kind }: { kind: MediaFileKind }) {
  return (
    <p class="no-preview">
      {kind === 'image' ? <PictureIcon /> : <ClipIcon />}
      {t().tray.noPreview}
    </p>
  );
}

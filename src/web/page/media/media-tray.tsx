import './media-tray.css';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { RunReportView } from '../report/run-report.js';
import { UploadIcon } from '../shell/icons.js';
import { VideoPreview } from './video-preview.js';
import { DropTarget } from './drop-target.js';
import { FilePicker } from './file-picker.js';
import { ImagePreview } from './image-preview.js';
import { SamplesRow } from './samples-row.js';
import { Thumbnails } from './thumbnails.js';
import { media, type RejectedFiles, rejectedFiles, selected } from './media-store.js';

interface MediaTrayProps {
  /** Whether files dropped or pasted anywhere on the page are added. */
  readonly takesDrops: boolean;
}

/** The media column: preview, thumbnails, samples and processing details. */
export function MediaTray({ takesDrops }: MediaTrayProps) {
  const item = selected.value;
  return (
    <>
      {takesDrops && <DropTarget />}
      <div class="media-tray card">
        {media.value.length === 0 && <DropInvitation />}
        {item && (
          <figure class="media-tray-preview">
            {item.kind === 'image' ? (
              <ImagePreview key={item.id} item={item} />
            ) : (
              <VideoPreview key={item.id} item={item} />
            )}
            <figcaption>{item.file.name}</figcaption>
          </figure>
        )}
        {media.value.length > 0 && <Thumbnails />}
        <div role="status" class="media-tray-notes">
          {rejectedFiles.value.map((files) => {
            const text = describeRejection(files);
            return <p key={text}>{text}</p>;
          })}
        </div>
        <SamplesRow />
      </div>
      <RunReportView />
    </>
  );
}

function DropInvitation() {
  return (
    <div class="media-tray-invitation">
      <UploadIcon />
      <p class="media-tray-drop">{t().media.drop}</p>
      <p class="media-tray-paste">{t().media.paste}</p>
      <FilePicker adds="first" />
    </div>
  );
}

function describeRejection(files: RejectedFiles): string {
  switch (files.reason) {
    case 'tooMany':
      return t().media.tooMany(MAX_MEDIA_PER_REQUEST);
    case 'unknownKind':
      return t().media.unknownKind(files.name);
    case 'noVideos':
      return t().media.noVideos(files.name);
  }
}

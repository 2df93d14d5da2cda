import './media-tray.css';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { RunReportView } from '../report/run-report.js';
import { UploadIcon } from '../shell/icons.js';
import { ClipPreview } from './clip-preview.js';
import { DropTarget } from './drop-target.js';
import { FilePicker } from './file-picker.js';
import { ImagePreview } from './image-preview.js';
import { SamplesRow } from './samples-row.js';
import { Thumbnails } from './thumbnails.js';
import { media, selected, type TrayNote, trayNotes } from './tray.js';

/** Everything that has to do with pictures and clips: bringing them, looking at them, what the model saw of them. */
export function MediaTray() {
  const item = selected.value;
  return (
    <>
      <DropTarget />
      <div class="media-tray card">
        {media.value.length === 0 && <DropInvitation />}
        {item && (
          <figure class="media-tray-preview">
            {item.kind === 'image' ? (
              <ImagePreview key={item.id} item={item} />
            ) : (
              <ClipPreview key={item.id} item={item} />
            )}
            <figcaption>{item.file.name}</figcaption>
          </figure>
        )}
        {media.value.length > 0 && <Thumbnails />}
        <div role="status" class="media-tray-notes">
          {trayNotes.value.map((note) => {
            const text = describeNote(note);
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
      <p class="media-tray-drop">{t().tray.drop}</p>
      <p class="media-tray-paste">{t().tray.paste}</p>
      <FilePicker wanted="first" />
    </div>
  );
}

function describeNote(note: TrayNote): string {
  switch (note.reason) {
    case 'tooMany':
      return t().tray.tooMany(MAX_MEDIA_PER_REQUEST);
    case 'unknownKind':
      return t().tray.unknownKind(note.name);
  }
}

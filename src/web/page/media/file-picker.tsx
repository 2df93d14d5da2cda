import { useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { modelSupportsVideos } from '../service/service-status.js';
import { UploadIcon } from '../shell/icons.js';
import { acceptedFiles } from './file-kind.js';
import { addFiles } from './media-store.js';

/** The button receives the focus when the last file is removed. */
const BUTTON_ID = 'choose-files';

/** A button that opens the file dialog: `first` if no file was added yet, else `more`. */
export function FilePicker({ adds }: { adds: 'first' | 'more' }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        id={BUTTON_ID}
        class={adds === 'first' ? 'button primary' : 'button'}
        onClick={() => input.current?.click()}
      >
        <UploadIcon />
        {adds === 'first' ? t().media.choose : t().media.add}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={acceptedFiles(modelSupportsVideos.value ? ['image', 'video'] : ['image'])}
        onChange={({ currentTarget }) => {
          addFiles(currentTarget.files ?? []);
          // Otherwise choosing the same file again after its removal fires no change event.
          currentTarget.value = '';
          // The pressed button is gone if these were the first files, or the last below the limit.
          focusFilePicker();
        }}
      />
    </>
  );
}

/** Focuses the file button, or the selected thumbnail if the limit is reached. Waits for the next render. */
export function focusFilePicker(): void {
  requestAnimationFrame(() => {
    const target =
      document.getElementById(BUTTON_ID) ??
      document.querySelector<HTMLElement>('.thumbnails-select[aria-pressed=true]');
    target?.focus();
  });
}

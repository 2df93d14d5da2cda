import { useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { UploadIcon } from '../shell/icons.js';
import { ACCEPTED_FILES } from './file-kind.js';
import { addFiles } from './tray.js';

/** The one button that brings files, wherever it stands: focus goes there when the last file goes. */
const BUTTON_ID = 'choose-files';

/** Opens the browser's file dialog: `first` while there is nothing yet, `more` afterwards. */
export function FilePicker({ wanted }: { wanted: 'first' | 'more' }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        id={BUTTON_ID}
        class={wanted === 'first' ? 'button primary' : 'button'}
        onClick={() => input.current?.click()}
      >
        <UploadIcon />
        {wanted === 'first' ? t().tray.choose : t().tray.add}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={ACCEPTED_FILES}
        onChange={({ currentTarget }) => {
          addFiles(currentTarget.files ?? []);
          // The same file may be chosen again after it was removed.
          currentTarget.value = '';
          // The button pressed has gone where these were the first files, or the last there was room for.
          focusFilePicker();
        }}
      />
    </>
  );
}

/** Puts the focus on the button, or on what is shown where the tray is full, once the page shows what has changed. */
export function focusFilePicker(): void {
  requestAnimationFrame(() => {
    const target =
      document.getElementById(BUTTON_ID) ??
      document.querySelector<HTMLElement>('.thumbnails-select[aria-pressed=true]');
    target?.focus();
  });
}

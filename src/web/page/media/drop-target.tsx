import './drop-target.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { UploadIcon } from '../shell/icons.js';
import { addFiles } from './media-store.js';

/** Adds files dropped or pasted anywhere on the page. Shows an overlay while files are dragged over it. */
export function DropTarget() {
  const over = useSignal(false);
  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    const onDrag = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      over.value = true;
    };
    window.addEventListener('dragenter', onDrag, { signal });
    window.addEventListener('dragover', onDrag, { signal });
    window.addEventListener(
      'dragleave',
      (event) => {
        // Null only if the pointer leaves the window.
        if (event.relatedTarget === null) over.value = false;
      },
      { signal },
    );
    window.addEventListener(
      'drop',
      (event) => {
        over.value = false;
        if (!carriesFiles(event.dataTransfer)) return;
        event.preventDefault();
        addFiles(event.dataTransfer.files);
      },
      { signal },
    );
    window.addEventListener('paste', addPastedFiles, { signal });
    return () => listening.abort();
  }, [over]);
  return over.value ? (
    <div class="drop-target">
      <p>
        <UploadIcon /> {t().media.dropHere}
      </p>
    </div>
  ) : null;
}

function carriesFiles(data: DataTransfer | null): data is DataTransfer {
  return data?.types.includes('Files') ?? false;
}

/** In a text field, clipboard text takes precedence: office programs add an image of copied text. */
function addPastedFiles(event: ClipboardEvent): void {
  const data = event.clipboardData;
  if (!data || data.files.length === 0) return;
  if (isTextField(event.target) && data.types.includes('text/plain')) return;
  event.preventDefault();
  addFiles(data.files);
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

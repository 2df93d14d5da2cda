import './drop-target.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { UploadIcon } from '../shell/icons.js';
import { addFiles } from './tray.js';

/** Takes files that are dropped or pasted anywhere on the page, and says so while some are held over it. */
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
        // Out of the window, not from one element to the next.
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
    window.addEventListener('paste', takePasted, { signal });
    return () => listening.abort();
  }, [over]);
  return over.value ? (
    <div class="drop-target">
      <p>
        <UploadIcon /> {t().tray.dropHere}
      </p>
    </div>
  ) : null;
}

function carriesFiles(data: DataTransfer | null): data is DataTransfer {
  return data?.types.includes('Files') ?? false;
}

/** Office programs put a picture of the text beside the text: where text can be written, the text is meant. */
function takePasted(event: ClipboardEvent): void {
  const data = event.clipboardData;
  if (!data || data.files.length === 0) return;
  if (isWritable(event.target) && data.types.includes('text/plain')) return;
  event.preventDefault();
  addFiles(data.files);
}

function isWritable(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

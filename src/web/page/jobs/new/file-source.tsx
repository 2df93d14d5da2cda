import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { UploadIcon } from '../../shell/icons.js';
import { fromInput, type PathFile, readDrop } from './dropped-files.js';
import { sortOutFiles } from './job-uploads.js';

/** Takes files and folders of this computer: dropped anywhere on the page, or chosen. */
export function FileSource({
  onFiles,
}: {
  readonly onFiles: (files: readonly PathFile[]) => void;
}) {
  const { files: texts } = t().jobs;
  const inputs = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)] as const;
  const isOver = useSignal(false);
  const isReading = useSignal(false);
  const left = useSignal({ archives: 0, others: 0 });
  const take = (files: readonly PathFile[]) => {
    const { media, ...rest } = sortOutFiles(files);
    left.value = rest;
    onFiles(media);
  };
  const latestTake = useRef(take);
  latestTake.current = take;
  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      isOver.value = true;
    };
    addEventListener('dragenter', onDrag, { signal });
    addEventListener('dragover', onDrag, { signal });
    addEventListener(
      'dragleave',
      ({ relatedTarget }) => {
        if (relatedTarget === null) isOver.value = false;
      },
      { signal },
    );
    addEventListener(
      'drop',
      (event) => {
        isOver.value = false;
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        isReading.value = true;
        readDrop(event.dataTransfer)
          .then((files) => latestTake.current(files))
          // A folder that cannot be read gives no files, which the page shows.
          .catch(() => latestTake.current([]))
          .finally(() => {
            isReading.value = false;
          });
      },
      { signal },
    );
    return () => listening.abort();
  }, []);
  // Not a property of JSX.
  useEffect(() => inputs[1].current?.setAttribute('webkitdirectory', ''), []);
  return (
    <div class={isOver.value ? 'file-source file-source-over' : 'file-source'}>
      <UploadIcon />
      <p>{isReading.value ? texts.reading : texts.drop}</p>
      <div class="job-buttons">
        <button type="button" class="button" onClick={() => inputs[0].current?.click()}>
          {t().media.choose}
        </button>
        <button type="button" class="button" onClick={() => inputs[1].current?.click()}>
          {texts.chooseFolder}
        </button>
      </div>
      {inputs.map((input, index) => (
        <input
          key={index}
          ref={input}
          type="file"
          hidden
          multiple
          onChange={({ currentTarget }) => {
            take(fromInput(currentTarget.files ?? new DataTransfer().files));
            currentTarget.value = '';
          }}
        />
      ))}
      <p role="status" class="file-source-note">
        {left.value.archives > 0 && `${texts.archives(left.value.archives)} `}
        {left.value.others > 0 && texts.leftOut(left.value.others)}
      </p>
    </div>
  );
}

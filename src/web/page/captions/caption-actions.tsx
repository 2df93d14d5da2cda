import './caption-actions.css';

import { t } from '../locales/locale.js';
import { media, selected } from '../media/tray.js';
import { serviceStatus } from '../service/service-status.js';
import { StopIcon } from '../shell/icons.js';
import { chosenLanguages } from './caption-choices.js';
import { type CaptionRun, isUnderWay } from './caption-run.js';
import { runOf, stopCaptions, writeCaptions } from './caption-runs.js';

/** Begins and stops, and says how far it is. */
export function CaptionActions() {
  const item = selected.value;
  const run = item ? runOf(item.id) : undefined;
  const running = run && isUnderWay(run) ? run : undefined;
  const hasLanguages = chosenLanguages.value.length > 0;
  const canWrite = serviceStatus.value.state === 'ready' && hasLanguages && item !== null;
  const idle = media.value.filter(({ id }) => {
    const other = runOf(id);
    return !other || !isUnderWay(other);
  });
  return (
    <div class="caption-actions">
      {/* One button that changes: the focus stays where it was. */}
      <button
        type="button"
        class={running ? 'button' : 'button primary'}
        disabled={!running && !canWrite}
        onClick={(event) => {
          if (!item) return;
          if (!running) writeCaptions([item]);
          // The second click of a double one began nothing that it should stop.
          else if (event.detail <= 1) stopCaptions(item.id);
        }}
      >
        {running && <StopIcon />}
        {running ? nameOfStop(running) : t().captions.write}
      </button>
      {media.value.length > 1 && (
        <button
          type="button"
          class="button"
          disabled={!canWrite || idle.length === 0}
          onClick={() => writeCaptions(idle)}
        >
          {t().captions.writeAll(media.value.length)}
        </button>
      )}
      {!hasLanguages && <p class="caption-actions-hint">{t().languages.needOne}</p>}
      {running && <Progress run={running} />}
    </div>
  );
}

function nameOfStop({ phase }: CaptionRun): string {
  return phase.name === 'uploading' ? t().upload.cancel : t().captions.stop;
}

function Progress({ run: { phase } }: { readonly run: CaptionRun }) {
  const percent = phase.name === 'uploading' ? Math.floor(phase.fraction * 100) : null;
  return (
    <div class="caption-actions-progress">
      {percent !== null && (
        <label>
          <span>{t().upload.progress(percent)}</span>
          <progress max={100} value={percent} />
        </label>
      )}
      <p role="status">{describePhase(phase)}</p>
    </div>
  );
}

/** Not of the upload: nobody wants to hear every percent. */
function describePhase({ name }: CaptionRun['phase']): string {
  switch (name) {
    case 'queued':
      return t().captions.waiting;
    case 'looking':
      return t().upload.thinking;
    case 'writing':
      return t().captions.writing;
    case 'uploading':
    case 'done':
    case 'stopped':
    case 'failed':
      return '';
  }
}

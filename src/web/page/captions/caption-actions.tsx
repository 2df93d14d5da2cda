import './caption-actions.css';

import { useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { media, type MediaItem, selected } from '../media/media-store.js';
import { languages, serviceStatus } from '../service/service-status.js';
import { StopIcon } from '../shell/icons.js';
import { CAPTION_RESULTS_ID } from './caption-results.js';
import { type CaptionRun, isRunning } from './caption-run.js';
import { runOf, stopCaptions, writeCaptions } from './caption-run-store.js';
import { chosenLanguages } from './stored-caption-options.js';

/** Pixels of the results that must be visible after the start of a run: their heading and the first lines. */
const MIN_VISIBLE_RESULTS = 160;

/** Starts and stops runs, and shows their progress. */
export function CaptionActions() {
  const row = useRef<HTMLDivElement>(null);
  const item = selected.value;
  const run = item ? runOf(item.id) : undefined;
  const active = run && isRunning(run) ? run : undefined;
  const hasLanguages = chosenLanguages.value.length > 0;
  const canWrite = serviceStatus.value.state === 'ready' && hasLanguages && item !== null;
  const idle = media.value.filter(({ id }) => {
    const other = runOf(id);
    return !other || !isRunning(other);
  });
  const write = (items: readonly MediaItem[]) => {
    writeCaptions(items);
    // After the results are rendered.
    requestAnimationFrame(() => revealResults(row.current));
  };
  return (
    <div class="caption-actions" ref={row}>
      {/* The same button starts and stops, so that the focus stays on it. */}
      <button
        type="button"
        class={active ? 'button' : 'button primary'}
        disabled={!active && !canWrite}
        onClick={(event) => {
          if (!item) return;
          if (!active) write([item]);
          // Ignores the second click of a double click, which would stop the run just started.
          else if (event.detail <= 1) stopCaptions(item.id);
        }}
      >
        {active && <StopIcon />}
        {active ? stopLabel(active) : t().captions.write}
      </button>
      {media.value.length > 1 && (
        <button
          type="button"
          class="button"
          disabled={!canWrite || idle.length === 0}
          onClick={() => write(idle)}
        >
          {t().captions.writeAll(media.value.length)}
        </button>
      )}
      <DisabledReason hasLanguages={hasLanguages} />
      {active && <Progress run={active} />}
    </div>
  );
}

/**
 * Scrolls the action row to the top of the window if the results below it are out of view, as on a phone. The focus
 * stays on the button, which remains visible and now stops the run; screen readers hear the status next to it.
 */
function revealResults(row: HTMLElement | null): void {
  const results = document.getElementById(CAPTION_RESULTS_ID);
  if (!row || !results) return;
  if (results.getBoundingClientRect().top + MIN_VISIBLE_RESULTS <= innerHeight) return;
  const isMotionReduced = matchMedia('(prefers-reduced-motion: reduce)').matches;
  row.scrollIntoView({ block: 'start', behavior: isMotionReduced ? 'instant' : 'smooth' });
}

/** Why the buttons are disabled, if the form shows no other sign of it. */
function DisabledReason({ hasLanguages }: { readonly hasLanguages: boolean }) {
  const status = serviceStatus.value;
  if (status.state === 'failed') {
    return (
      <p class="caption-actions-hint">
        {t().service.failed} <span lang="en">{status.reason}</span>
      </p>
    );
  }
  if (hasLanguages || languages.value.length === 0) return null;
  return <p class="caption-actions-hint">{t().languages.needOne}</p>;
}

function stopLabel({ phase }: CaptionRun): string {
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

/** Empty during the upload, so that screen readers do not announce every percent. */
function describePhase({ name }: CaptionRun['phase']): string {
  switch (name) {
    case 'queued':
      return t().captions.waiting;
    case 'processing':
      return t().upload.processing;
    case 'writing':
      return t().captions.writing;
    case 'uploading':
    case 'done':
    case 'stopped':
    case 'failed':
      return '';
  }
}

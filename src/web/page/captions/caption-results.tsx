import './caption-results.css';

import { useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { media, selected } from '../media/media-store.js';
import { CopyButton } from '../shell/copy-button.js';
import { ErrorNote } from '../shell/error-note.js';
import { RefreshIcon } from '../shell/icons.js';
import { CaptionCard } from './caption-card.js';
import { type CaptionRun, hasText, shownLanguages, shownRun } from './caption-run.js';
import { finishCaptions, runOf } from './caption-run-store.js';
import { formatCaptionsJson } from './captions-json.js';

/** The id of the results, which `CaptionActions` scrolls into view. */
export const CAPTION_RESULTS_ID = 'caption-results';

/** The captions of the selected file, with a card for each language. */
export function CaptionResults() {
  const item = selected.value;
  const run = item ? runOf(item.id) : undefined;
  const heading = useRef<HTMLHeadingElement>(null);
  if (!item || !run) return <p class="caption-results-empty">{t().captions.empty}</p>;
  const shown = shownRun(run);
  const layout = shown.request.of === 'segments' ? 'segments' : 'texts';
  return (
    // Keyed by file, so that live regions do not announce the texts of another file when it is selected.
    <section
      key={item.id}
      id={CAPTION_RESULTS_ID}
      class="caption-results"
      aria-label={t().captions.results}
    >
      <div class="caption-results-head">
        <h2 ref={heading} tabIndex={-1}>
          {t().captions.results} <span class="caption-results-file">{run.file}</span>
        </h2>
        <CopyActions run={shown} />
      </div>
      {shown.media?.kind === 'image' && shown.media.blank && (
        <p class="caption-results-blank" role="status">
          {t().report.blank}
        </p>
      )}
      <RunEnd
        run={run}
        onContinue={() => {
          // The button disappears, so the focus moves to the heading.
          heading.current?.focus({ preventScroll: true });
          finishCaptions(item);
        }}
      />
      <div class={`caption-results-cards caption-results-${layout}`}>
        {shownLanguages(shown).map((code) => (
          <CaptionCard key={code} code={code} run={shown} />
        ))}
      </div>
    </section>
  );
}

/** Copies the captions of this file and, if others have captions too, of all files. */
function CopyActions({ run }: { readonly run: CaptionRun }) {
  const written = media.value.flatMap(({ id }) => {
    const each = runOf(id);
    const shown = each && shownRun(each);
    return shown && hasText(shown) ? [shown] : [];
  });
  return (
    <div class="caption-results-actions">
      {hasText(run) && (
        <CopyButton
          look="text"
          label={t().captions.copyJson}
          text={() => formatCaptionsJson([run])}
        />
      )}
      {written.length > 1 && (
        <CopyButton
          look="text"
          label={t().captions.copyAllJson(written.length)}
          text={() => formatCaptionsJson(written)}
        />
      )}
    </div>
  );
}

/** Why a run is incomplete, and a button to complete it. */
function RunEnd({
  run,
  onContinue,
}: {
  readonly run: CaptionRun;
  readonly onContinue: () => void;
}) {
  const { phase, request } = run;
  if (phase.name === 'failed') return <ErrorNote error={phase.error} onRetry={onContinue} />;
  if (phase.name !== 'stopped') return null;
  return (
    <p class="caption-results-stopped" role="status">
      {t().captions.stopped}
      <button type="button" class="button quiet" onClick={onContinue}>
        <RefreshIcon />
        {request.of !== 'segments' && hasText(run) ? t().captions.remaining : t().captions.again}
      </button>
    </p>
  );
}

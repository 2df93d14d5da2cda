import './caption-results.css';

import { useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { media, selected } from '../media/tray.js';
import { CopyButton } from '../shell/copy-button.js';
import { ErrorNote } from '../shell/error-note.js';
import { RefreshIcon } from '../shell/icons.js';
import { CaptionCard } from './caption-card.js';
import { type CaptionRun, hasText, shownLanguages, shownRun } from './caption-run.js';
import { finishCaptions, runOf } from './caption-runs.js';
import { formatCaptionsJson } from './captions-json.js';

/** What was written about the medium that is shown, in a card for each language. */
export function CaptionResults() {
  const item = selected.value;
  const run = item ? runOf(item.id) : undefined;
  const heading = useRef<HTMLHeadingElement>(null);
  if (!item || !run) return <p class="caption-results-empty">{t().captions.empty}</p>;
  const shown = shownRun(run);
  const layout = shown.request.of === 'segments' ? 'segments' : 'texts';
  return (
    // By medium: what comes in the place of another's texts is not news to be read out.
    <section key={item.id} class="caption-results" aria-label={t().captions.results}>
      <div class="caption-results-head">
        <h2 ref={heading} tabIndex={-1}>
          {t().captions.results} <span class="caption-results-file">{run.file}</span>
        </h2>
        <CopyActions run={shown} />
      </div>
      <RunEnd
        run={run}
        onGoOn={() => {
          // The button pressed is about to go.
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

/** Copies this file's texts, and all files' where there are more. */
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

/** How a run ended that did not end well, and how it can go on. */
function RunEnd({ run, onGoOn }: { readonly run: CaptionRun; readonly onGoOn: () => void }) {
  const { phase, request } = run;
  if (phase.name === 'failed') return <ErrorNote error={phase.error} onRetry={onGoOn} />;
  if (phase.name !== 'stopped') return null;
  return (
    <p class="caption-results-stopped" role="status">
      {t().captions.stopped}
      <button type="button" class="button quiet" onClick={onGoOn}>
        <RefreshIcon />
        {request.of !== 'segments' && hasText(run) ? t().captions.rest : t().captions.again}
      </button>
    </p>
  );
}

import './samples-row.css';

import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { Sample } from '../service/api-types.js';
import { fetchSample, loadSamples } from '../service/samples.js';
import { serviceStatus } from '../service/service-status.js';
import { ErrorNote } from '../shell/error-note.js';
import { Thumbnail } from './thumbnail.js';
import { addFiles, media, selectMedia } from './tray.js';

const samples = signal<readonly Sample[]>([]);
/** What was fetched already, by name: a second click shows it rather than adding it twice. */
const fetched = new Map<string, File>();

/** The files that the service brings along; a click adds one. Absent while the service does not say which there are. */
export function SamplesRow() {
  const problem = useSignal<{ error: unknown; sample: Sample } | null>(null);
  useSignalEffect(() => {
    // A service that was not there a moment ago may be now.
    if (serviceStatus.value.state === 'unreachable' || samples.peek().length > 0) return;
    loadSamples().then(
      (found) => {
        samples.value = found;
      },
      () => {
        // An offer, not a need: the banner says it when the service is away.
      },
    );
  });
  const row = useRef<HTMLDetailsElement>(null);
  const isOffered = media.value.length === 0;
  useLayoutEffect(() => {
    // The first one folds the row over the button that was pressed.
    if (!isOffered && row.current?.contains(document.activeElement)) focusSummary(row.current);
  }, [isOffered]);
  const add = async (sample: Sample) => {
    problem.value = null;
    try {
      await addSample(sample);
    } catch (error) {
      problem.value = { error, sample };
    }
  };
  if (samples.value.length === 0) return null;
  return (
    <details class="samples-row" ref={row} open={isOffered}>
      <summary>{t().tray.samples}</summary>
      <ul>
        {samples.value.map((sample) => (
          <li key={sample.file}>
            <button
              type="button"
              aria-label={t().tray.useSample(sample.file)}
              onClick={() => void add(sample)}
            >
              <Thumbnail kind={sample.kind} url={sample.url} />
              <span class="samples-row-name">{sample.file.replace(/\.[^.]+$/, '')}</span>
            </button>
          </li>
        ))}
      </ul>
      {problem.value && (
        <ErrorNote
          error={problem.value.error}
          onRetry={() => {
            focusSummary(row.current);
            if (problem.value) void add(problem.value.sample);
          }}
        />
      )}
    </details>
  );
}

function focusSummary(row: HTMLDetailsElement | null): void {
  row?.querySelector('summary')?.focus();
}

async function addSample(sample: Sample): Promise<void> {
  const file = fetched.get(sample.file) ?? (await fetchSample(sample));
  fetched.set(sample.file, file);
  const present = media.value.find((item) => item.file === file);
  if (present) selectMedia(present.id);
  else addFiles([file]);
}

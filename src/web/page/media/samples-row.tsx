import './samples-row.css';

import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { Sample } from '../service/api-types.js';
import { get, getList } from '../service/http.js';
import { serviceStatus } from '../service/service-status.js';
import { ErrorNote } from '../shell/error-note.js';
import { Thumbnail } from './thumbnail.js';
import { addFiles, media, selectMedia } from './media-store.js';

const samples = signal<readonly Sample[]>([]);
/** The fetched samples by name. A second click selects the sample instead of adding it twice. */
const fetched = new Map<string, File>();

/** The samples of the service; a click adds one. Not rendered until the service lists them. */
export function SamplesRow() {
  const problem = useSignal<{ error: unknown; sample: Sample } | null>(null);
  useSignalEffect(() => {
    // Retries on every change of the status until the list has arrived.
    if (serviceStatus.value.state === 'unreachable' || samples.peek().length > 0) return;
    getList<Sample>('samples/index.json').then(
      (found) => {
        samples.value = found;
      },
      () => {
        // The samples are optional, and the banner reports an unreachable service.
      },
    );
  });
  const row = useRef<HTMLDetailsElement>(null);
  const isOpen = media.value.length === 0;
  useLayoutEffect(() => {
    // The first sample closes the row and hides the pressed button.
    if (!isOpen && row.current?.contains(document.activeElement)) focusSummary(row.current);
  }, [isOpen]);
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
    <details class="samples-row" ref={row} open={isOpen}>
      <summary>{t().media.samples}</summary>
      <ul>
        {samples.value.map((sample) => (
          <li key={sample.file}>
            <button
              type="button"
              aria-label={t().media.useSample(sample.file)}
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

/** Downloads a sample as a file. @throws ServiceError */
async function fetchSample({ url, file }: Sample): Promise<File> {
  const blob = await get(url, (reply) => reply.blob());
  return new File([blob], file, { type: blob.type });
}

import './new-job.css';

import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';

import { DETAILS, isWithin, KINDS } from '../../captions/caption-options.js';
import { chosenLanguages } from '../../captions/stored-caption-options.js';
import { toggleCode } from '../../languages/code-list.js';
import { LanguageChooser } from '../../languages/language-chooser.js';
import { locale, t } from '../../locales/locale.js';
import { formatAddress, JOB_LIST } from '../../shell/address.js';
import { goTo } from '../../shell/current-address.js';
import { formatBytes } from '../../shell/describe-error.js';
import { ErrorNote } from '../../shell/error-note.js';
import { TextField } from '../../shell/text-field.js';
import { createJob } from '../jobs-api.js';
import { ViewHeading } from '../view-heading.js';
import type { PathFile } from './dropped-files.js';
import { FileSource } from './file-source.js';
import { startUploads } from './job-uploads.js';
import {
  isComplete,
  jobLanguages,
  type JobSettings,
  jobSettings,
  PILOT_ITEMS,
  setJobSettings,
  SOURCE_KINDS,
  type SourceKind,
  startJobLanguages,
  toJobRequest,
} from './new-job-request.js';

/** The form for a new job: what is captioned, which texts, and how many items are tried first. */
export function NewJob() {
  const { create, list } = t().jobs;
  const kind = useSignal<SourceKind>('uploads');
  const files = useSignal<readonly PathFile[]>([]);
  const location = useSignal('');
  const name = useSignal('');
  const isSending = useSignal(false);
  const error = useSignal<unknown>(null);
  /** The same for repetitions, so that a lost reply creates no second job. */
  const key = useSignal(newKey());
  useEffect(startJobLanguages, [chosenLanguages.value]);
  const source = { kind: kind.value, location: location.value.trim(), files: files.value };
  const draft = { source, name: name.value.trim(), languages: jobLanguages.value };
  const submit = async () => {
    isSending.value = true;
    error.value = null;
    try {
      const job = await createJob(toJobRequest(draft, jobSettings.value), key.value);
      if (kind.value === 'uploads') await startUploads(job.id, files.value);
      goTo({ space: 'jobs', view: 'job', job: job.id, filter: {} });
    } catch (failure) {
      error.value = failure;
      // What was refused is changed before the next attempt.
      key.value = newKey();
    } finally {
      isSending.value = false;
    }
  };
  return (
    <form
      class="new-job"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSending.value && isComplete(draft)) void submit();
      }}
    >
      <nav class="crumbs" aria-label={t().jobs.crumbs}>
        <a href={formatAddress(JOB_LIST)}>{list.title}</a>
        <span aria-hidden="true">/</span>
        <span aria-current="page">{list.create}</span>
      </nav>
      <ViewHeading title={list.create} />
      <section class="card new-job-part">
        <h3>{create.what}</h3>
        <SourceFields {...{ kind, location, files }} />
        <TextField label={create.name} hint={create.nameHint} value={name} />
      </section>
      <section class="card new-job-part">
        <h3>{create.texts}</h3>
        <LanguageChooser chosen={jobLanguages} />
        <TextSettings settings={jobSettings.value} />
      </section>
      <section class="card new-job-part">
        <h3>{create.pilot}</h3>
        <PilotSettings settings={jobSettings.value} />
      </section>
      {error.value !== null && <ErrorNote error={error.value} />}
      <div class="new-job-send">
        <button
          type="submit"
          class="button primary"
          disabled={isSending.value || !isComplete(draft)}
        >
          {isSending.value ? t().upload.processing : create.start(jobSettings.value.pilot)}
        </button>
        {!isComplete(draft) && (
          <p class="field-hint">
            {draft.languages.length === 0 ? t().languages.needOne : create.missing[kind.value]}
          </p>
        )}
      </div>
    </form>
  );
}

interface SourceFieldsProps {
  readonly kind: { value: SourceKind };
  readonly location: { value: string };
  readonly files: { value: readonly PathFile[] };
}

function SourceFields({ kind, location, files }: SourceFieldsProps) {
  const { create } = t().jobs;
  const group = useId();
  const bytes = files.value.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <>
      <div class="new-job-kinds" role="radiogroup" aria-label={create.what}>
        {SOURCE_KINDS.map((each) => (
          <label key={each} class="new-job-kind">
            <input
              type="radio"
              name={group}
              checked={kind.value === each}
              onChange={() => {
                kind.value = each;
              }}
            />
            <span>{create.sources[each]}</span>
          </label>
        ))}
      </div>
      {kind.value === 'uploads' ? (
        <>
          <FileSource
            onFiles={(added) => {
              files.value = added;
            }}
          />
          {files.value.length > 0 && (
            <p role="status" class="new-job-files">
              {create.files(files.value.length)} · {formatBytes(bytes, locale.value)}
            </p>
          )}
        </>
      ) : (
        <TextField
          label={create.locations[kind.value]}
          hint={create.locationHints[kind.value]}
          value={location}
        />
      )}
    </>
  );
}

function TextSettings({ settings }: { readonly settings: JobSettings }) {
  const { captions } = t();
  const id = useId();
  return (
    <div class="new-job-settings">
      <fieldset class="new-job-checks">
        <legend class="label">{captions.kind}</legend>
        {KINDS.map((kind) => (
          <label key={kind} class="filter-bar-check">
            <input
              type="checkbox"
              checked={settings.kinds.includes(kind)}
              onChange={() => {
                const kinds = KINDS.filter((each) =>
                  toggleCode(settings.kinds, kind).includes(each),
                );
                if (kinds.length > 0) setJobSettings({ kinds });
              }}
            />
            {captions.kinds[kind]}
          </label>
        ))}
      </fieldset>
      <div>
        <label class="label" for={id}>
          {captions.detail}
        </label>
        <select
          id={id}
          class="field"
          value={settings.detail}
          onChange={({ currentTarget: { value } }) => {
            const detail = DETAILS.find((each) => each === value);
            if (detail) setJobSettings({ detail });
          }}
        >
          {DETAILS.map((detail) => (
            <option key={detail} value={detail}>
              {captions.details[detail]}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

function PilotSettings({ settings }: { readonly settings: JobSettings }) {
  const { create } = t().jobs;
  const isOn = settings.pilot > 0;
  return (
    <>
      <p class="field-hint">{create.pilotHint}</p>
      <div class="new-job-pilot">
        <label class="filter-bar-check">
          <input
            type="checkbox"
            checked={isOn}
            onChange={({ currentTarget: { checked } }) => {
              setJobSettings({ pilot: checked ? PILOT_ITEMS.usual : 0 });
            }}
          />
          {create.tryFirst}
        </label>
        {isOn && (
          <input
            class="field"
            type="number"
            inputMode="numeric"
            aria-label={create.pilotItems}
            min={PILOT_ITEMS.least}
            max={PILOT_ITEMS.most}
            value={settings.pilot}
            onInput={({ currentTarget: { valueAsNumber } }) => {
              if (isWithin(PILOT_ITEMS, valueAsNumber)) setJobSettings({ pilot: valueAsNumber });
            }}
          />
        )}
      </div>
    </>
  );
}

function newKey(): string {
  return `page-${Date.now()}-${Math.random().toString(36).slice(2)}`;
}

import './caption-option-fields.css';

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { media } from '../media/media-store.js';
import {
  DETAILS,
  FRAMES,
  GRANULARITIES,
  INTERVAL_SECONDS,
  isWithin,
  KINDS,
  type NumberRange,
} from './caption-options.js';
import { captionOptions, setOptions } from './stored-caption-options.js';

/** The options that apply to the added files: all except the languages. */
export function CaptionOptionFields() {
  const { captions } = t();
  const { kind, detail, granularity, intervalSeconds, frames } = captionOptions.value;
  const hasVideos = media.value.some((item) => item.kind === 'video');
  const hasImages = !hasVideos || media.value.some((item) => item.kind === 'image');
  return (
    <div class="caption-option-fields">
      {(hasImages || granularity === 'whole') && (
        <SelectField
          label={captions.kind}
          values={KINDS}
          names={captions.kinds}
          value={kind}
          onChange={(value) => setOptions({ kind: value })}
        />
      )}
      {hasImages && (
        <SelectField
          label={captions.detail}
          values={DETAILS}
          names={captions.details}
          value={detail}
          onChange={(value) => setOptions({ detail: value })}
        />
      )}
      {hasVideos && (
        <SelectField
          label={captions.granularity}
          values={GRANULARITIES}
          names={captions.granularities}
          value={granularity}
          onChange={(value) => setOptions({ granularity: value })}
        />
      )}
      {hasVideos && granularity === 'interval' && (
        <NumberField
          label={captions.intervalSeconds}
          range={INTERVAL_SECONDS}
          value={intervalSeconds}
          onChange={(value) => setOptions({ intervalSeconds: value })}
        />
      )}
      {hasVideos && (
        <NumberField
          label={captions.frames}
          range={FRAMES}
          value={frames}
          onChange={(value) => setOptions({ frames: value })}
        />
      )}
    </div>
  );
}

interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly values: readonly T[];
  readonly names: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChange: (value: T) => void;
}

function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const { label, values, names, value, onChange } = props;
  const id = useId();
  return (
    <div>
      <label class="label" for={id}>
        {label}
      </label>
      <select
        id={id}
        class="field"
        value={value}
        onChange={(event) => {
          onChange(event.currentTarget.value as T);
        }}
      >
        {values.map((each) => (
          <option key={each} value={each}>
            {names[each]}
          </option>
        ))}
      </select>
    </div>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly range: NumberRange;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** A number input. Values out of range are ignored, and replaced by the current value on blur. */
function NumberField({ label, range, value, onChange }: NumberFieldProps) {
  const id = useId();
  /** The raw text during editing: the number alone would turn "2.0" into "2" before "2.05" is complete. */
  const typed = useSignal<string | null>(null);
  return (
    <div>
      <label class="label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="field"
        type="number"
        inputMode={range.step === 1 ? 'numeric' : 'decimal'}
        min={range.least}
        max={range.most}
        step={range.step}
        value={typed.value ?? value}
        onInput={(event) => {
          const number = event.currentTarget.valueAsNumber;
          typed.value = event.currentTarget.value;
          if (isWithin(range, number)) onChange(number);
        }}
        onBlur={(event) => {
          typed.value = null;
          event.currentTarget.value = String(value);
        }}
      />
    </div>
  );
}

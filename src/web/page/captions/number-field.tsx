import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { isWithin, type NumberRange } from './caption-options.js';

interface NumberFieldProps {
  readonly label: string;
  readonly range: NumberRange;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** A labelled number. What is out of range is not taken, and gone when the field is left. */
export function NumberField({ label, range, value, onChange }: NumberFieldProps) {
  const id = useId();
  /** What stands in the field while somebody writes there: 2.0 is on its way to 2.05, and not 2. */
  const written = useSignal<string | null>(null);
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
        value={written.value ?? value}
        onInput={(event) => {
          const typed = event.currentTarget.valueAsNumber;
          written.value = event.currentTarget.value;
          if (isWithin(range, typed)) onChange(typed);
        }}
        onBlur={(event) => {
          written.value = null;
          event.currentTarget.value = String(value);
        }}
      />
    </div>
  );
}

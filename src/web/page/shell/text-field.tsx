import { useId } from 'preact/hooks';

interface TextFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: { value: string };
  /** Of the keyboard on phones. */
  readonly inputMode?: 'text' | 'url';
}

/** A field for one line of text, with its label above and a hint below. */
export function TextField({ label, hint, value, inputMode = 'text' }: TextFieldProps) {
  const [id, hintId] = [useId(), useId()];
  return (
    <div>
      <label class="label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="field"
        autocomplete="off"
        inputMode={inputMode}
        spellcheck={false}
        aria-describedby={hintId}
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
      <p id={hintId} class="field-hint">
        {hint}
      </p>
    </div>
  );
}

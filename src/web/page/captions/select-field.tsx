import { useId } from 'preact/hooks';

interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly values: readonly T[];
  readonly names: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** A labelled choice of one from a few. */
export function SelectField<T extends string>(props: SelectFieldProps<T>) {
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

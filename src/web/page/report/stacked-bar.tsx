import './stacked-bar.css';

/** A part of the bar. The pattern distinguishes it from its neighbors without color. */
interface BarPart {
  readonly label: string;
  readonly amount: number;
  readonly pattern: 'accent' | 'ink' | 'muted' | 'stripes' | 'lines' | 'empty';
}

export interface StackedBarProps {
  readonly parts: readonly BarPart[];
  readonly format: (amount: number) => string;
}

/** A stacked bar and its legend. Screen readers get the legend only. */
export function StackedBar({ parts, format }: StackedBarProps) {
  const present = parts.filter(({ amount }) => amount > 0);
  return (
    <>
      <div class="stacked-bar" aria-hidden="true">
        {present.map(({ label, amount, pattern }) => (
          <span
            key={label}
            class={`stacked-bar-part stacked-bar-${pattern}`}
            style={{ flexGrow: amount }}
          />
        ))}
      </div>
      <dl class="stacked-bar-legend">
        {present.map(({ label, amount, pattern }) => (
          <div key={label}>
            <dt>
              <span class={`stacked-bar-swatch stacked-bar-${pattern}`} aria-hidden="true" />
              {label}
            </dt>
            <dd>{format(amount)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

import { t } from '../locales/locale.js';
import type { Language } from '../service/api-types.js';
import { languages } from '../service/service-status.js';
import { favouriteLanguages } from './favourites.js';
import { orderLanguages } from './order-languages.js';

interface LanguageSelectProps {
  readonly value: string;
  readonly onChange: (code: string) => void;
  readonly label: string;
}

/** Chooses one language; favourites come first. */
export function LanguageSelect({ value, onChange, label }: LanguageSelectProps) {
  const { favourites, others } = orderLanguages(languages.value, favouriteLanguages.value);
  return (
    <select
      class="field"
      aria-label={label}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    >
      {favourites.length > 0 && (
        <optgroup label={t().languages.favourites}>{favourites.map(toOption)}</optgroup>
      )}
      {favourites.length > 0 ? (
        <optgroup label={t().languages.all}>{others.map(toOption)}</optgroup>
      ) : (
        others.map(toOption)
      )}
    </select>
  );
}

const toOption = ({ code, name, english_name }: Language) => (
  <option key={code} value={code} lang={code} title={english_name}>
    {name}
  </option>
);

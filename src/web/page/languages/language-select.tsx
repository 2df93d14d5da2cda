import { t } from '../locales/locale.js';
import type { Language } from '../service/api-types.js';
import { languages } from '../service/service-status.js';
import { favoriteLanguages } from './favorite-languages.js';
import { orderLanguages } from './order-languages.js';

interface LanguageSelectProps {
  readonly value: string;
  readonly onChange: (code: string) => void;
  readonly label: string;
}

/** A select of one language, with favorites first. */
export function LanguageSelect({ value, onChange, label }: LanguageSelectProps) {
  const { favorites, others } = orderLanguages(languages.value, favoriteLanguages.value);
  return (
    <select
      class="field"
      aria-label={label}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    >
      {favorites.length > 0 && (
        <optgroup label={t().languages.favorites}>{favorites.map(toOption)}</optgroup>
      )}
      {favorites.length > 0 ? (
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

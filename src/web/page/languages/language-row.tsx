import { t } from '../locales/locale.js';
import type { Language } from '../service/api-types.js';
import { StarIcon } from '../shell/icons.js';
import { favouriteLanguages, toggleFavourite } from './favourites.js';

interface LanguageRowProps {
  readonly language: Language;
  readonly isChosen: boolean;
  /** `best` is the one that Enter in the search takes. */
  readonly look: 'best' | 'plain';
  readonly tabIndex: 0 | -1;
  readonly onToggle: (code: string) => void;
  readonly onFocus: () => void;
}

/** A language to choose, and its star. */
export function LanguageRow(props: LanguageRowProps) {
  const { language, isChosen, look, tabIndex, onToggle, onFocus } = props;
  const { code, name, english_name } = language;
  const isFavourite = favouriteLanguages.value.includes(code);
  return (
    <li class={`language-row language-row-${look}`} onFocusCapture={onFocus}>
      <label>
        <input
          type="checkbox"
          checked={isChosen}
          tabIndex={tabIndex}
          onChange={() => onToggle(code)}
        />
        <span lang={code}>{name}</span>
        {english_name !== name && (
          <span class="language-row-english" lang="en">
            {english_name}
          </span>
        )}
      </label>
      <button
        type="button"
        class="button quiet language-row-star"
        aria-pressed={isFavourite}
        aria-label={t().languages.favourite(name)}
        title={t().languages.favourite(name)}
        tabIndex={tabIndex}
        onClick={() => toggleFavourite(code)}
      >
        <StarIcon filled={isFavourite} />
      </button>
    </li>
  );
}

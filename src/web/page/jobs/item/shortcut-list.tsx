import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { storedSignal } from '../../shell/stored-signal.js';
import { COMMANDS, EDITOR_KEYS, KEYS } from './review-keys.js';

/**
 * Whether single letters are shortcuts; stored in this browser. Speech input and unsteady hands press them by accident
 * (WCAG 2.1.4).
 */
export const usesShortcuts = storedSignal(
  'salamandra.shortcuts',
  true,
  (value) => typeof value === 'boolean',
);

/** The keys of the view, and the switch that turns the letters off. */
export function ShortcutList({ onClose }: { readonly onClose: () => void }) {
  const { commands, shortcuts } = t().jobs;
  const rows = [
    ...COMMANDS.map((command) => [commands[command], KEYS[command].map((key) => [key])] as const),
    [shortcuts.save, [EDITOR_KEYS.save]] as const,
    [shortcuts.leave, [EDITOR_KEYS.leave]] as const,
  ];
  return (
    <Dialog title={commands.help} onClose={onClose}>
      <table class="shortcut-list">
        <tbody>
          {rows.map(([name, alternatives]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                {alternatives.map((keys, index) => (
                  <span key={index}>
                    {index > 0 && ` ${shortcuts.or} `}
                    {keys.map((key) => (
                      <kbd key={key}>{nameOfKey(key)}</kbd>
                    ))}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="filter-bar-check">
        <input
          type="checkbox"
          checked={usesShortcuts.value}
          onChange={({ currentTarget: { checked } }) => {
            usesShortcuts.value = checked;
          }}
        />
        {shortcuts.enabled}
      </label>
      <div class="dialog-actions">
        <button type="button" class="button primary" autofocus onClick={onClose}>
          {shortcuts.close}
        </button>
      </div>
    </Dialog>
  );
}

const KEY_SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Enter: '↵',
  Escape: 'Esc',
};

/** A capital letter is pressed with Shift. */
function nameOfKey(key: string): string {
  if (/^[A-Z]$/.test(key)) return `⇧ ${key}`;
  return KEY_SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

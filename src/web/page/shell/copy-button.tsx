import './copy-button.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { CheckIcon, CopyIcon } from './icons.js';

interface CopyButtonProps {
  /** A function if the text is expensive to build. */
  text: string | (() => string);
  label: string;
  /** `icon`: the icon only, with the label as accessible name. `text`: icon and label. Default: `icon`. */
  look?: 'icon' | 'text';
}

/** Duration of the confirmation. */
const COPIED_MS = 2000;

/** Copies a text and confirms it. */
export function CopyButton({ text, label, look = 'icon' }: CopyButtonProps) {
  const copied = useSignal(0);
  useEffect(() => {
    if (copied.value === 0) return undefined;
    const timer = setTimeout(() => {
      copied.value = 0;
    }, COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied.value]);
  const copy = () => {
    copyText(typeof text === 'string' ? text : text()).then(
      () => {
        copied.value += 1;
      },
      // Blocked by the browser: no confirmation.
      () => undefined,
    );
  };
  const isCopied = copied.value > 0;
  return (
    <span class="copy-button">
      <button
        type="button"
        class={isCopied ? 'button quiet copy-button-done' : 'button quiet'}
        aria-label={label}
        title={look === 'icon' ? label : undefined}
        onClick={copy}
      >
        {isCopied ? <CheckIcon /> : <CopyIcon />}
        {look === 'text' && <span>{isCopied ? t().captions.copied : label}</span>}
      </button>
      <span class="visually-hidden" role="status">
        {isCopied ? t().captions.copied : ''}
      </span>
    </span>
  );
}

/**
 * Copies a text to the clipboard. Pages on http:// addresses of a network have no `navigator.clipboard`; there, a
 * hidden field with the text is selected and copied.
 *
 * @throws Error if the browser refuses
 */
async function copyText(text: string): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  field.readOnly = true;
  document.body.append(field);
  field.select();
  // Deprecated, but there is no other way without a secure context.
  const copied = (document as { execCommand(command: 'copy'): boolean }).execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!copied) throw new Error('The browser refused to copy the text.');
}

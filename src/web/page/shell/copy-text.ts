/**
 * Puts a text on the clipboard. Pages from http:// on a local network have no navigator.clipboard, so there
 * the text is selected in a field of its own and copied as a person would.
 */
export async function copyText(text: string): Promise<void> {
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
  // Deprecated and without a successor where there is no secure context.
  const copied = (document as { execCommand(command: 'copy'): boolean }).execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!copied) throw new Error('The browser did not copy.');
}

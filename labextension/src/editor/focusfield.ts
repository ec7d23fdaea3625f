import { fieldId } from './context';
import type { Path } from './tree';

/** The field itself gets the focus, or the nearest one above it. */
export function focusField(prefix: string, path: Path): void {
  for (let length = path.length; length > 0; length--) {
    const id = fieldId(prefix, path.slice(0, length));
    const field = document.getElementById(id);
    if (field) {
      field.closest('details')?.setAttribute('open', '');
      field.scrollIntoView({ block: 'center' });
      field.focus();
      return;
    }
  }
}

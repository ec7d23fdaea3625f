import { Dialog, showDialog } from '@jupyterlab/apputils';

/** Ask before something is lost: `label` does it, `other` leaves it. */
export async function confirmed(
  title: string,
  body: string,
  label: string,
  other: string
): Promise<boolean> {
  const answer = await showDialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: other }),
      Dialog.warnButton({ label })
    ]
  });
  return answer.button.accept;
}

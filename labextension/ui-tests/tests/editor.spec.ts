import { act, addPython, expect, open, remove, row, test } from './kernelkit';

const TITLE = 'Made by form';

test('a kernel is made and changed by the form', async ({ page, request }) => {
  await remove(request, 'python-3.11');
  let sidebar = await open(page, 'Kernels');
  await sidebar
    .getByRole('button', { name: 'Create a kernel' })
    .first()
    .click();
  const form = page.getByRole('form', { name: 'New kernel' });
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toContainText('Still needed');

  await addPython(form);
  await form.getByRole('button', { name: 'Close the list' }).click();
  await form.getByRole('textbox', { name: 'Display name' }).fill(TITLE);

  // What will be written, before it is.
  await expect(preview).toContainText('This is what would be saved.');
  await expect(preview.getByRole('tabpanel')).toContainText(TITLE);
  await preview.getByRole('tab', { name: 'launch.sh' }).click();
  await expect(preview.getByRole('tabpanel')).toContainText('module load');

  // More time than the partition gives is told while it is typed.
  await form.getByRole('checkbox', { name: 'Run in a Slurm job' }).check();
  await form.getByRole('combobox', { name: 'Partition' }).selectOption('short');
  const time = form.getByRole('textbox', { name: 'Time limit' });
  await time.fill('20:00:00');
  await expect(time).toHaveAttribute('aria-invalid', 'true');
  await expect(preview.getByRole('list', { name: 'Problems' })).toContainText(
    'short'
  );
  await time.fill('5:00');
  await expect(time).not.toHaveAttribute('aria-invalid', 'true');
  await preview.getByRole('tab', { name: 'sbatch' }).click();
  await expect(preview.getByRole('tabpanel')).toContainText(
    '--partition=short'
  );

  const main = page.locator('.kk-EditorScroll');
  await main.getByRole('button', { name: 'Create kernel' }).click();
  await expect(main).toContainText('is saved.');
  await main.getByRole('button', { name: 'Close', exact: true }).click();

  // A change, as a difference to what is there.
  sidebar = await open(page, 'Kernels');
  await act(row(sidebar, TITLE), 'Edit…');
  await page
    .getByRole('textbox', { name: 'Display name' })
    .fill(`${TITLE} anew`);
  await page.getByRole('tab', { name: 'kernel.json (changed)' }).click();
  const diff = page.getByRole('region', { name: 'kernel.json' });
  await expect(diff).toContainText(`-  "display_name": "${TITLE}"`);
  await expect(diff).toContainText(`+  "display_name": "${TITLE} anew"`);

  // A save that fails keeps what was typed.
  await page.getByRole('button', { name: 'Add modules…' }).click();
  await page
    .getByRole('searchbox', { name: 'Search modules by name and description' })
    .fill('style-fails');
  await page
    .getByRole('row')
    .getByRole('button', { name: /^style-fails/ })
    .click();
  await main.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(main).toContainText('what you typed is still here');
  await expect(page.getByRole('textbox', { name: 'Display name' })).toHaveValue(
    `${TITLE} anew`
  );
  await page.getByRole('button', { name: 'Remove style-fails/1.0' }).click();
  await main.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(main).toContainText('is saved.');
  await expect(row(sidebar, `${TITLE} anew`)).toBeVisible();
});

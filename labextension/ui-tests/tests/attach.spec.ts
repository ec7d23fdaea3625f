/** After left.spec.ts, and the death of the server that it spoke to. */
import {
  answers,
  cancelAll,
  expect,
  open,
  pathInFront,
  row,
  run,
  test
} from './kernelkit';

const TITLE = 'Left behind';

test.afterEach(cancelAll);

test('what a former server left is attached, as it was', async ({ page }) => {
  const sidebar = await open(page, 'Jobs');
  await expect(sidebar.getByRole('grid', { name: 'Jobs' })).toContainText(
    'Left by a former server'
  );
  await row(sidebar, TITLE)
    .getByRole('button', { name: new RegExp(`^${TITLE}`) })
    .click();
  // In the notebook that it had, in the folder of the test before.
  const notebook = page.locator('.jp-NotebookPanel:visible');
  await expect(notebook.locator('.jp-CodeCell').first()).toContainText(
    'x = 6 * 7'
  );
  expect(await pathInFront(page)).toMatch(/^[^/]+\/Untitled\.ipynb$/);
  await answers(page);
  const cell = await run(page, 'x');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('42');
  await expect(sidebar.getByRole('grid', { name: 'Jobs' })).not.toContainText(
    'Left by a former server'
  );
});

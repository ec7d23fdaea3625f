/** In Notebook 7, whose tree and notebook are pages of their own. */
import { expect, test, type Page } from '@playwright/test';

import { cancelAll, install } from './kernelkit';

const TITLE = 'Python on a node';

test.afterEach(cancelAll);

test('Notebook 7 has the sidebar and the state of jobs', async ({
  page,
  context,
  request
}) => {
  const faults: string[] = [];
  context.on('page', watch);
  watch(page);
  await install(request, {
    source: 'python/3.11',
    name: 'on-a-node',
    displayName: TITLE,
    resources: { partition: 'cpu', time: '30' }
  });

  await page.goto('/tree');
  let sidebar = await open(page);
  const opened = page.waitForEvent('popup');
  await sidebar
    .getByRole('button', { name: `New notebook with ${TITLE}` })
    .click();
  const notebook = await opened;
  const toolbar = notebook.locator('.jp-NotebookPanel-toolbar');
  await expect(toolbar).toContainText(/Running · node\d · (29|30) min left/);
  await notebook.locator('.jp-CodeCell .cm-content').click();
  await notebook.keyboard.type('6 * 7');
  await notebook.keyboard.press('Shift+Enter');
  await expect(notebook.locator('.jp-OutputArea-output')).toHaveText('42');

  // What the main area has no room for comes beside it.
  sidebar = await open(notebook);
  await sidebar.getByRole('tab', { name: 'Jobs' }).click();
  await sidebar.getByRole('button', { name: `Log of ${TITLE}` }).click();
  await expect(notebook.locator('.kk-RunLog')).toBeVisible();
  await sidebar.getByRole('tab', { name: 'Kernels' }).click();
  await sidebar
    .getByRole('button', { name: 'Create a kernel' })
    .first()
    .click();
  await expect(
    notebook.getByRole('form', { name: 'New kernel' })
  ).toBeVisible();
  expect(faults).toEqual([]);

  /** Others' faults are not ours: Notebook 7.6 has some of its own. */
  function watch(one: Page): void {
    const note = (words: string) =>
      words.includes('kernelkit') && faults.push(words);
    one.on('pageerror', error => note(`${error.message}\n${error.stack}`));
    one.on('console', message => {
      if (message.type() === 'error') {
        note(`${message.text()} ${message.location().url}`);
      }
    });
  }
});

/** Open the sidebar from the menu, as Notebook 7 does. */
async function open(page: Page) {
  await page.locator('.lm-MenuBar-item', { hasText: 'View' }).click();
  const item = page.locator('.lm-Menu-item');
  await item.filter({ hasText: 'Left Sidebar' }).click();
  await item.filter({ hasText: 'Show Kernels, Catalog and Jobs' }).click();
  return page.getByRole('region', { name: 'kernelkit' });
}

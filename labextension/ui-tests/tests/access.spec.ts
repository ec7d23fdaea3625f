/** Who cannot see it well, or has no mouse. */
import AxeBuilder from '@axe-core/playwright';
import {
  act,
  answers,
  expect,
  install,
  open,
  remove,
  row,
  test,
  writeModule
} from './kernelkit';

const TITLE = 'Python on a node';
const THEMES = [
  'JupyterLab Light',
  'JupyterLab Dark',
  'JupyterLab Dark High Contrast'
];
/** What is ours of the page. */
const OURS = ['.kk-Sidebar', '.kk-EditorScroll', '.jp-Dialog-content'];

const STALE = 'Genomics 2026';

test.beforeEach(async ({ request }) => {
  await install(request, {
    source: 'python/3.11',
    name: 'on-a-node',
    displayName: TITLE,
    resources: { partition: 'cpu', time: '30' }
  });
  writeModule('genomics/2026', 'depends_on("python/3.11")');
  await install(request, {
    source: 'genomics/2026',
    name: 'genomics-2026',
    displayName: STALE
  });
  writeModule('genomics/2026', 'depends_on("python/3.11")', '-- another');
});

for (const theme of THEMES) {
  test(`${theme}: nothing to complain of`, async ({ page }) => {
    await page.theme.setTheme(theme);
    let sidebar = await open(page, 'Kernels');
    const kernel = row(sidebar, TITLE);
    await kernel.getByRole('button', { name: new RegExp(`^${TITLE}`) }).click();
    await complaints('Kernels');
    await act(kernel, 'Rename…');
    await expect(page.getByRole('dialog')).toBeVisible();
    await complaints('a dialog');
    await leave();
    await act(kernel, 'Launch with other resources…');
    await expect(
      page.getByRole('dialog').getByRole('combobox', { name: 'Partition' })
    ).toBeVisible();
    await complaints('other resources');
    await leave();

    await act(row(sidebar, STALE), 'Upgrade…');
    await expect(
      page
        .getByRole('dialog')
        .getByRole('region', { name: 'Changes of kernel.json' })
    ).toBeVisible();
    await complaints('an upgrade');
    await leave();

    sidebar = await open(page, 'Catalog');
    await sidebar.getByRole('searchbox').fill('python');
    await expect(row(sidebar, 'Python 3.10')).toBeVisible();
    await complaints('Catalog');

    sidebar = await open(page, 'Jobs');
    await complaints('Jobs');

    sidebar = await open(page, 'Kernels');
    await act(row(sidebar, TITLE), 'Edit…');
    await expect(page.getByRole('region', { name: 'Preview' })).toContainText(
      'This is what would be saved.'
    );
    await complaints('the editor');

    /** A field that is drawn anew has no focus for a frame, and hears nothing. */
    async function leave(): Promise<void> {
      await expect(async () => {
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toHaveCount(0, {
          timeout: 2_000
        });
      }).toPass();
    }

    async function complaints(where: string): Promise<void> {
      const builder = new AxeBuilder({ page });
      for (const ours of OURS) {
        if ((await page.locator(ours).count()) > 0) {
          builder.include(ours);
        }
      }
      const { violations } = await builder.analyze();
      const words = violations.flatMap(({ id, nodes }) =>
        nodes.map(node => `${id}: ${node.html}\n  ${node.failureSummary}`)
      );
      expect(words, where).toEqual([]);
    }
  });
}

test('without a mouse: from the catalog to a result', async ({
  page,
  request
}) => {
  await remove(request, 'python-3.10');
  const { keyboard } = page;
  await keyboard.press('Control+Shift+C');
  await expect(page.locator('.lm-CommandPalette-input')).toBeFocused();
  await keyboard.type('Show the Catalog');
  await expect(page.locator('.lm-CommandPalette-item')).toHaveCount(1);
  await keyboard.press('Enter');

  const sidebar = page.getByRole('region', { name: 'kernelkit' });
  await expect(sidebar.getByRole('searchbox')).toBeFocused();
  await keyboard.type('python/3.10');
  await expect(sidebar.getByRole('row')).toHaveCount(1);
  await keyboard.press('ArrowDown');
  await expect(
    sidebar.getByRole('button', { name: /^Python 3\.10/ })
  ).toBeFocused();
  await keyboard.press('ArrowRight');
  await expect(
    sidebar.getByRole('button', { name: 'Install Python 3.10' })
  ).toBeFocused();
  await keyboard.press('Enter');

  // What took the button's place has the focus.
  await expect(
    sidebar.getByRole('button', { name: 'New notebook with Python 3.10' })
  ).toBeFocused();
  await keyboard.press('Enter');
  await answers(page);
  await expect(page.locator('.jp-CodeCell .cm-content')).toBeFocused();
  await keyboard.type('6 * 7');
  await keyboard.press('Shift+Enter');
  await expect(page.locator('.jp-OutputArea-output')).toHaveText('42');
});

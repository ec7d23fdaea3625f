/** Who cannot see it well, or has no mouse. */
import AxeBuilder from '@axe-core/playwright';
import {
  act,
  answers,
  expect,
  install,
  leave,
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

test('in every theme there is nothing to complain of', async ({ page }) => {
  let sidebar = await open(page, 'Kernels');
  const kernel = row(sidebar, TITLE);
  await kernel.getByRole('button', { name: new RegExp(`^${TITLE}`) }).click();
  await complaints('Kernels');
  await act(kernel, 'Rename…');
  await expect(page.getByRole('dialog')).toBeVisible();
  await complaints('a dialog');
  await leave(page);
  await act(kernel, 'Launch with other resources…');
  await expect(
    page.getByRole('dialog').getByRole('combobox', { name: 'Partition' })
  ).toBeVisible();
  await complaints('other resources');
  await leave(page);

  await act(row(sidebar, STALE), 'Upgrade…');
  await expect(
    page
      .getByRole('dialog')
      .getByRole('region', { name: 'Changes of kernel.json' })
  ).toBeVisible();
  await complaints('an upgrade');
  await leave(page);

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

  async function complaints(where: string): Promise<void> {
    const builder = new AxeBuilder({ page });
    for (const ours of OURS) {
      if ((await page.locator(ours).count()) > 0) {
        builder.include(ours);
      }
    }
    for (const theme of THEMES) {
      await page.theme.setTheme(theme);
      const { violations } = await builder.analyze();
      const words = violations.flatMap(({ id, nodes }) =>
        nodes.map(node => `${id}: ${node.html}\n  ${node.failureSummary}`)
      );
      expect(words, `${where} in ${theme}`).toEqual([]);
    }
  }
});

test('at 400 % zoom everything is there and can be reached', async ({
  page
}) => {
  // 1280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10).
  let sidebar = await open(page, 'Kernels');
  await page.setViewportSize({ width: 320, height: 640 });
  await fits('.kk-Sidebar');
  const kernel = row(sidebar, TITLE);
  await kernel.getByRole('button', { name: new RegExp(`^${TITLE}`) }).click();
  await fits('.kk-Sidebar');
  await act(kernel, 'Launch with other resources…');
  await expect(
    page.getByRole('dialog').getByRole('combobox', { name: 'Partition' })
  ).toBeVisible();
  await fits('.jp-Dialog-content');
  await leave(page);
  sidebar = await open(page, 'Catalog');
  await expect(row(sidebar, 'Python 3.10')).toBeVisible();
  await fits('.kk-Sidebar');
  sidebar = await open(page, 'Jobs');
  await fits('.kk-Sidebar');
  sidebar = await open(page, 'Kernels');
  await act(row(sidebar, TITLE), 'Edit…');
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText(
    'This is what would be saved.'
  );
  await fits('.kk-EditorScroll');

  /** Nothing in it is wider than it, so that nobody has to scroll two ways. */
  async function fits(container: string): Promise<void> {
    const wide = await page
      .locator(container)
      .first()
      .evaluate(root => {
        const right = root.getBoundingClientRect().right;
        return [...root.querySelectorAll('button, input, select, h2, h3, p')]
          .filter(each => each.getBoundingClientRect().right > right + 1)
          .map(each => each.outerHTML.slice(0, 200));
      });
    expect(wide, container).toEqual([]);
    const box = await page.locator(container).first().boundingBox();
    expect(box!.x + box!.width, container).toBeLessThanOrEqual(321);
  }
});

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

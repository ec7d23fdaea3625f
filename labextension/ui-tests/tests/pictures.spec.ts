/** The pictures in docs/images: each view in both themes. */
import {
  act,
  answers,
  cancelAll,
  expect,
  fill,
  install,
  open,
  row,
  run,
  test
} from './kernelkit';

const DIRECTORY = process.env.KERNELKIT_PICTURES ?? 'pictures';
const THEMES = { light: 'JupyterLab Light', dark: 'JupyterLab Dark' };

test.use({ viewport: { width: 1100, height: 720 } });

test.afterEach(cancelAll);

test('pictures', async ({ page, request }) => {
  test.setTimeout(240_000);
  const kernels: [string, string, Record<string, unknown>?][] = [
    ['python/3.11', 'Python 3.11'],
    [
      'pytorch/2.7.1',
      'PyTorch 2.7.1',
      { partition: 'gpu', time: '4:00:00', gres: 'gpu:1' }
    ],
    [
      'python/3.10',
      'Python, a node alone',
      { partition: 'full', time: '1:00:00' }
    ],
    ['r/4.2', 'R 4.2']
  ];
  for (const [source, displayName, resources] of kernels) {
    const name = displayName.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
    await install(request, { source, name, displayName, resources });
  }
  const { free } = await fill();

  const sidebar = await open(page, 'Kernels');
  const start = (title: string) =>
    row(sidebar, title)
      .getByRole('button', { name: `New notebook with ${title}` })
      .click();
  await row(sidebar, 'PyTorch 2.7.1')
    .getByRole('button', { name: /^PyTorch/ })
    .click();
  await take('kernels');

  const catalog = await open(page, 'Catalog');
  await catalog.getByRole('searchbox').fill('py');
  await row(catalog, 'Python 3.10')
    .getByRole('button', { name: /^Python 3\.10/ })
    .click();
  await expect(catalog).toContainText('Layers');
  await take('catalog');

  await open(page, 'Kernels');
  await start('Python, a node alone');
  await answers(page);
  await open(page, 'Kernels');
  await start('PyTorch 2.7.1');
  await answers(page);
  const cell = await run(page, 'import socket; socket.gethostname()');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText(/node/);
  const jobs = await open(page, 'Jobs');
  await expect(jobs).toContainText('waiting for');
  await take('jobs');
  free();

  await open(page, 'Kernels');
  await act(row(sidebar, 'PyTorch 2.7.1'), 'Edit…');
  await page
    .getByRole('textbox', { name: 'Display name' })
    .fill('PyTorch, for two hours');
  await page.getByRole('textbox', { name: 'Time limit' }).fill('2:00:00');
  await expect(
    page.getByRole('tab', { name: 'kernel.json (changed)' })
  ).toBeVisible();
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText(
    'This is what would be saved.'
  );
  await take('editor');

  async function take(view: string): Promise<void> {
    for (const [name, theme] of Object.entries(THEMES)) {
      await page.theme.setTheme(theme);
      await page.mouse.move(700, 400);
      await page.screenshot({
        path: `${DIRECTORY}/${view}-${name}.png`,
        animations: 'disabled'
      });
    }
  }
});

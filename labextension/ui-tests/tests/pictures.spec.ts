/** The pictures of docs/sidebar.md: each view in both themes. `make pictures` runs it, the suite does not. */
import {
  act,
  administrator,
  answers,
  cancelAll,
  confirm,
  expect,
  fill,
  gpusTold,
  install,
  open,
  row,
  run,
  slurm,
  test,
  writeModule
} from './kernelkit';

const DIRECTORY = process.env.KERNELKIT_PICTURES ?? 'pictures';
const THEMES = { light: 'JupyterLab Light', dark: 'JupyterLab Dark' };

const TORCH = 'PyTorch 2.7.1';
const ALONE = 'Simulation';
const CHANGED = 'Genomics 2026';

test.use({ actionTimeout: 30_000, viewport: { width: 1100, height: 720 } });

test.afterEach(cancelAll);

test('pictures', async ({ page, request }) => {
  test.setTimeout(270_000);
  const module = ['whatis("Tools for sequences")', 'depends_on("python/3.11")'];
  writeModule('genomics/2026', ...module);
  const kernels: [string, string, Record<string, unknown>?][] = [
    ['python/3.11', 'Python 3.11'],
    [
      'pytorch/2.7.1',
      TORCH,
      { partition: 'gpu', time: '4:00:00', gres: 'gpu:a100:1' }
    ],
    ['python/3.11', ALONE, { partition: 'full', time: '1:00:00' }],
    ['genomics/2026', CHANGED],
    ['r/4.2', 'R 4.2']
  ];
  for (const [source, displayName, resources] of kernels) {
    const name = displayName.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
    await install(request, { source, name, displayName, resources });
  }
  // What a kernel was made from is another now: it is stale.
  writeModule('genomics/2026', ...module, 'setenv("GENOMES", "/data")');

  let sidebar = await open(page, 'Kernels');
  await row(sidebar, TORCH)
    .getByRole('button', { name: /^PyTorch/ })
    .click();
  await expect(row(sidebar, CHANGED)).toContainText('Stale');
  await take('kernels');
  await row(sidebar, TORCH)
    .getByRole('button', { name: /^PyTorch/ })
    .click();

  await act(row(sidebar, CHANGED), 'Upgrade…');
  await expect(
    page
      .getByRole('dialog')
      .getByRole('region', { name: 'Changes of kernel.json' })
  ).toBeVisible();
  await take('upgrade');
  await confirm(page, 'Cancel');

  sidebar = await open(page, 'Catalog');
  await sidebar.getByRole('searchbox').fill('py');
  await row(sidebar, 'Python 3.10')
    .getByRole('button', { name: /^Python 3\.10/ })
    .click();
  await expect(sidebar).toContainText('Layers');
  // What is read of the modules meanwhile comes in above it.
  await row(sidebar, 'Python 3.10').scrollIntoViewIfNeeded();
  await take('catalog');

  sidebar = await open(page, 'Kernels');
  await act(row(sidebar, 'Python 3.11'), 'Packages…');
  const packages = page.getByRole('dialog');
  await packages.getByRole('textbox').fill('humanize tqdm');
  await packages.getByRole('button', { name: 'Install', exact: true }).click();
  await expect(
    packages.getByRole('list', { name: 'Installed packages' })
  ).toContainText('tqdm', { timeout: 90_000 });
  await take('packages');
  await confirm(page, 'Close');

  await act(row(sidebar, TORCH), 'Launch with other resources…');
  const launching = page.getByRole('dialog');
  await launching.getByRole('spinbutton').fill('2');
  await launching.getByRole('textbox', { name: 'Time limit' }).fill('30:00:00');
  await expect(launching).toContainText('At most');
  await take('resources');
  await confirm(page, 'Cancel');

  await act(row(sidebar, TORCH), 'Edit…');
  await page
    .getByRole('textbox', { name: 'Display name' })
    .fill('PyTorch, for two hours');
  const time = page.getByRole('textbox', { name: 'Time limit' });
  await time.fill('2:00:00');
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText(
    'This is what would be saved.'
  );
  await page.getByRole('tab', { name: 'kernel.json (changed)' }).click();
  await time.scrollIntoViewIfNeeded();
  await aside();
  await take('editor');
  sidebar = await open(page, 'Kernels');
  await page
    .getByRole('region', { name: 'Saving' })
    .getByRole('button', { name: 'Close', exact: true })
    .click();
  await confirm(page, 'Drop the changes');

  const { free } = await fill();
  await row(sidebar, TORCH)
    .getByRole('button', { name: `New notebook with ${TORCH}` })
    .click();
  await answers(page);
  await run(page, 'print("reading the images")');
  const cell = await run(page, 'import socket; socket.gethostname()');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText(/node/);
  const [torch] = slurm(
    'squeue', '--me', '--noheader', '--partition=gpu', '--format=%i'
  ).split('\n'); // prettier-ignore

  await row(sidebar, ALONE)
    .getByRole('button', { name: `New notebook with ${ALONE}` })
    .click();
  await expect(page.locator('.jp-NotebookPanel')).toHaveCount(2);
  await answers(page);
  const held = await run(page, 'energy = simulate(steps=1_000)');
  await expect(held.locator('.jp-OutputArea')).toContainText('waiting for');
  await aside();
  await take('queued');

  sidebar = await open(page, 'Jobs');
  await expect(row(sidebar, TORCH)).toContainText('left');
  await gpusTold(sidebar, row(sidebar, TORCH));
  await page.locator('.jp-Notification-Toast-Close').first().click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await take('jobs');

  await row(sidebar, TORCH)
    .getByRole('button', { name: `Log of ${TORCH}` })
    .click();
  await expect(page.locator('.kk-RunLog')).toBeVisible();
  await take('log');

  // Slurm is asked anew because the other job starts.
  await row(sidebar, TORCH)
    .getByRole('button', { name: new RegExp(`^${TORCH}`) })
    .click();
  await administrator('time-left', torch, '175');
  free();
  await expect(
    page.getByRole('alert').filter({ hasText: 'its variables are lost' })
  ).toBeVisible({ timeout: 60_000 });
  await aside();
  await take('warning');

  /** All the room for the main area. */
  async function aside(): Promise<void> {
    await page.evaluate(() =>
      window.jupyterapp.commands.execute('application:toggle-left-area')
    );
    await expect(page.locator('.kk-Sidebar')).toBeHidden();
  }

  async function take(view: string): Promise<void> {
    for (const [name, theme] of Object.entries(THEMES)) {
      await page.theme.setTheme(theme);
      await page.mouse.move(600, 704);
      await page.screenshot({
        path: `${DIRECTORY}/sidebar-${view}-${name}.png`,
        animations: 'disabled'
      });
    }
  }
});

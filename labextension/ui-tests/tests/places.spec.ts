/** Where JupyterLab itself starts and lists kernels: those in jobs are there, too. */
import {
  answers,
  cancelAll,
  confirm,
  expect,
  install,
  jobs,
  kernelInFront,
  run,
  slurm,
  test
} from './kernelkit';

const TITLE = 'Python on a node';

test.beforeEach(async ({ request }) => {
  await install(request, {
    source: 'python/3.11',
    name: 'on-a-node',
    displayName: TITLE,
    resources: { partition: 'cpu', time: '30' }
  });
});

test.afterEach(cancelAll);

test('the launcher, the kernel menu, the palette and the Running panel', async ({
  page
}) => {
  const asked = () =>
    slurm('squeue', '--me', '--noheader', '--format=%P %l').trim();
  const dialog = page
    .getByRole('dialog')
    .filter({ hasText: `Launch ${TITLE}` });

  // A card as every kernel has one.
  await page.getByRole('main').getByTitle(TITLE).first().click();
  await answers(page);
  await run(page, 'x = 1');
  await expect.poll(asked).toBe('cpu 30:00');
  const [first] = jobs();

  // What runs is listed beside Lab's own, and cancelled from there.
  await page.sidebar.openTab('jp-running-sessions');
  const section = page.getByRole('region', { name: 'Slurm jobs Section' });
  const item = section.getByRole('treeitem').filter({ hasText: TITLE });
  await expect(item).toContainText('Running');

  // The notebook in front goes on in another job, which gets what is asked for.
  const former = await kernelInFront(page);
  await page.getByRole('menuitem', { name: 'Kernel', exact: true }).click();
  await page
    .getByRole('menuitem', { name: 'Start in a New Job with Other Resources…' })
    .click();
  await dialog
    .getByRole('combobox', { name: 'Partition' })
    .selectOption('short');
  await dialog.getByRole('textbox', { name: 'Time limit' }).fill('7');
  await confirm(page, 'Launch');
  await expect.poll(asked).toBe('short 7:00');
  expect(jobs()).not.toContain(first);
  await expect
    .poll(async () => ['', former].includes(await kernelInFront(page)))
    .toBe(false);
  await answers(page);
  const cell = await run(page, '"x" in globals()');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('False');

  await expect(item).toHaveCount(1);
  await item.hover();
  await item.getByTitle('End kernel or job…').click();
  await confirm(page, 'Cancel Job');
  await expect.poll(jobs).toEqual([]);
  await expect(item).toHaveCount(0);

  // By the palette: which kernel, then with what.
  await page.keyboard.press('Control+Shift+C');
  await expect(page.locator('.lm-CommandPalette-input')).toBeFocused();
  await page.keyboard.type('Kernel in a job');
  await page
    .locator('.lm-CommandPalette-item')
    .filter({ hasText: 'Kernel in a job…' })
    .click();
  await expect(page.getByRole('dialog')).toContainText('Launch in a job');
  await confirm(page, 'Next');
  await dialog.getByRole('textbox', { name: 'Time limit' }).fill('9');
  await confirm(page, 'Launch');
  await answers(page);
  await expect.poll(asked).toBe('cpu 9:00');
  await page
    .getByRole('toolbar', { name: 'Slurm jobs toolbar' })
    .getByText('End all')
    .click();
  await confirm(page, 'End all');
  await expect.poll(jobs).toEqual([]);
});

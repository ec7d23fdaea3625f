import {
  administrator,
  answers,
  cancelAll,
  confirm,
  expect,
  install,
  jobs,
  launch,
  open,
  row,
  run,
  slurm,
  test
} from './kernelkit';

const LATE = 'Late';
const DOOMED = 'Doomed';

test.beforeEach(async ({ request }) => {
  for (const name of [LATE, DOOMED]) {
    await install(request, {
      source: 'python/3.11',
      name: name.toLowerCase(),
      displayName: name,
      resources: { partition: 'cpu', time: '30' }
    });
  }
});

test.afterEach(cancelAll);

test('the time limit is warned of, moved, and its end is named', async ({
  page,
  request
}) => {
  let sidebar = await open(page, 'Kernels');
  await row(sidebar, LATE)
    .getByRole('button', { name: `New notebook with ${LATE}` })
    .click();
  await answers(page);
  await run(page, 'x = 1');
  // Who is told of the limit first when it is near asked for so little time.
  const toolbar = page.locator('.jp-NotebookPanel-toolbar');
  await expect(toolbar).toContainText(/(29|30) min left/);
  const [late] = await running(1);
  await administrator('time-left', late, '170');
  // Slurm is asked once a minute while nothing changes; what starts is a change.
  await launch(request, 'doomed');
  const [doomed] = (await running(2)).filter(id => id !== late);
  await administrator('time-left', doomed, '1');

  const warning = page.getByRole('alert').filter({ hasText: LATE });
  await expect(warning).toContainText('less than 3 minutes left');
  await expect(warning).toContainText('its variables are lost');
  await expect(toolbar).toContainText(/[23] min left/);
  await warning.getByRole('button', { name: 'Restart with more time' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('1:00:00');
  await confirm(page, 'Restart');

  sidebar = await open(page, 'Jobs');
  const renewed = row(sidebar, LATE);
  await expect(renewed).toContainText(/(59|60) min left|1 h left/);
  const cell = await run(page, '"x" in globals()');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('False');
  await expect.poll(jobs).not.toContain(late);

  // Slurm ends what is over its limit when it looks, twice a minute.
  const ended = page
    .getByRole('alert')
    .filter({ hasText: `${DOOMED}: the time limit` });
  await expect(ended).toBeVisible({ timeout: 75_000 });
  await ended.getByRole('button', { name: 'What to do' }).click();
  await expect(page.getByRole('dialog')).toContainText(
    'Start the kernel again with more time'
  );
  await confirm(page, 'Close');
  await expect(
    ended.getByRole('button', { name: 'Restart with more time' })
  ).toBeVisible();
  await expect(row(sidebar, DOOMED)).toContainText('time limit');
});

/** The jobs that run, as soon as there are so many. */
async function running(count: number): Promise<string[]> {
  const list = () =>
    slurm('squeue', '--me', '--noheader', '--states=RUNNING', '--format=%i')
      .split('\n')
      .filter(Boolean);
  await expect.poll(list).toHaveLength(count);
  return list();
}

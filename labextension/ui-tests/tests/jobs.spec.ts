import {
  act,
  answers,
  cancelAll,
  confirm,
  expect,
  fill,
  gpusTold,
  install,
  jobs,
  open,
  row,
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
    resources: { partition: 'full', time: '30' }
  });
});

test.afterEach(cancelAll);

test('a kernel is queued, runs, restarts in its job, and is cancelled', async ({
  page
}) => {
  const { id: filler, free } = await fill();
  let sidebar = await open(page, 'Kernels');
  await row(sidebar, TITLE)
    .getByRole('button', { name: `New notebook with ${TITLE}` })
    .click();
  await answers(page);

  // Queued: everywhere it is looked for, with why and when.
  sidebar = await open(page, 'Jobs');
  const job = row(sidebar, TITLE);
  await expect(job).toContainText('Queued');
  await expect(job).toContainText('waiting for nodes to become free');
  const notice = page.getByRole('alert').filter({ hasText: TITLE });
  await expect(notice).toContainText('waiting for nodes to become free');
  await expect(notice.getByRole('button', { name: 'Cancel' })).toBeVisible();
  await expect(page.locator('.jp-NotebookPanel-toolbar')).toContainText(
    'Queued'
  );
  await expect(page.locator('#jp-main-statusbar')).toContainText('Queued');

  // A cell waits with it, and shows its own output alone when it has run.
  const cell = await run(page, 'import socket; socket.gethostname()');
  await expect(cell.locator('.jp-OutputArea')).toContainText('pending');
  const waiting = jobs().filter(id => id !== filler);
  free();
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText("'node3'");
  await expect(job).toContainText('Running');
  await expect(job).toContainText('node3');
  await expect(job).toContainText(/\d+ min left/);
  await expect(page.locator('.jp-NotebookPanel-toolbar')).toContainText(
    'Running · node3'
  );

  // Another kernel in the same job.
  await run(page, 'x = 1');
  await act(job, 'Restart Kernel in Its Job…');
  const restarted = page.waitForResponse(/\/api\/kernels\/.*\/restart/);
  await confirm(page, 'Restart');
  await restarted;
  const gone = await run(page, '"x" in globals()');
  await expect(gone.locator('.jp-OutputArea-output')).toHaveText('False');
  await expect.poll(jobs).toEqual(waiting);

  // Its log, and its end.
  await job.getByRole('button', { name: `Log of ${TITLE}` }).click();
  await expect(
    page.getByRole('tab', { name: `Log of ${TITLE}` })
  ).toBeVisible();
  await job.getByRole('button', { name: `Cancel the job of ${TITLE}` }).click();
  await confirm(page, 'Cancel Job');
  await expect(job).toContainText('Ended');
  await expect.poll(jobs).toEqual([]);
});

test('a queued kernel is cancelled from its notification', async ({ page }) => {
  const { id, free } = await fill();
  const sidebar = await open(page, 'Kernels');
  await row(sidebar, TITLE)
    .getByRole('button', { name: `New notebook with ${TITLE}` })
    .click();
  const notice = page.getByRole('alert').filter({ hasText: TITLE });
  await notice.getByRole('button', { name: 'Cancel' }).click();
  await confirm(page, 'Cancel Job');
  await expect.poll(jobs).toEqual([id]);
  free();
});

test('a kernel is launched with other resources, this once', async ({
  page
}) => {
  let sidebar = await open(page, 'Kernels');
  await act(row(sidebar, TITLE), 'Launch with other resources…');
  const dialog = page
    .getByRole('dialog')
    .filter({ hasText: `Launch ${TITLE}` });
  await dialog
    .getByRole('combobox', { name: 'Partition' })
    .selectOption('short');
  await dialog.getByRole('textbox', { name: 'Time limit' }).fill('7');
  await confirm(page, 'Launch');
  await answers(page);
  const asked = () =>
    slurm('squeue', '--me', '--noheader', '--format=%P %l').trim();
  await expect.poll(asked).toBe('short 7:00');
  const cell = await run(page, '6 * 7');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('42');

  sidebar = await open(page, 'Jobs');
  await row(sidebar, TITLE)
    .getByRole('button', { name: `Cancel the job of ${TITLE}` })
    .click();
  await confirm(page, 'Cancel Job');
  await expect.poll(jobs).toEqual([]);
});

test('another kernel joins a job, and gets one of its GPUs', async ({
  page,
  request
}) => {
  const title = 'Two of them';
  await install(request, {
    source: 'python/3.11',
    name: 'two-of-them',
    displayName: title,
    resources: { partition: 'gpu', gres: 'gpu:2', time: '30' }
  });
  let sidebar = await open(page, 'Kernels');
  await row(sidebar, title)
    .getByRole('button', { name: `New notebook with ${title}` })
    .click();
  await answers(page);
  sidebar = await open(page, 'Jobs');
  const first = row(sidebar, title);
  await expect(first).toContainText('Running');
  await gpusTold(sidebar, first);
  await expect(first).toContainText('GPU 0: 90 % busy, 1.5 GB of 80 GB');
  await expect(first).toContainText('GPU 1: 77 % busy, 22 GB of 80 GB');

  await act(first, 'Open Another Kernel in This Job…');
  const gpus = page
    .getByRole('dialog')
    .getByRole('textbox', { name: 'Only these of its GPUs' });
  // A refusal keeps what was typed.
  await gpus.fill('all');
  await confirm(page, 'Open');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText(
    'positions of GPUs'
  );
  await expect(gpus).toHaveValue('all');
  await gpus.fill('1');
  await confirm(page, 'Open');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(row(sidebar, title)).toContainText('GPUs 1 of the job');
  // The second notebook is in front, and not the first any more.
  await expect(page.locator('.jp-NotebookPanel')).toHaveCount(2);
  await expect(page.locator('.jp-NotebookPanel').last()).toBeVisible();
  await answers(page);
  const cell = await run(page, 'import os; os.environ["CUDA_VISIBLE_DEVICES"]');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText("'1'");
  expect(jobs()).toHaveLength(1);
});

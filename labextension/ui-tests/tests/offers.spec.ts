import {
  act,
  answers,
  cancelAll,
  expect,
  jobs,
  open,
  row,
  slurm,
  test,
  writeModule
} from './kernelkit';

test.afterEach(cancelAll);

test('three clicks lead from an offer to a notebook in a job', async ({
  page
}) => {
  const sidebar = await open(page, 'Catalog');
  await sidebar.getByRole('searchbox').fill('python/3.10');
  const offer = row(sidebar, 'Python 3.10');
  await act(offer, 'Install for Slurm');
  await offer.getByRole('button', { name: /^New notebook with/ }).click();
  await answers(page);
  // A kernel that is held answers before its job is in the queue.
  await expect.poll(jobs).toHaveLength(1);
});

test('an offer that does not fit the cluster gets its GPU by the form', async ({
  page
}) => {
  writeModule('cuda/12.6', 'setenv("CUDA_HOME", "/nowhere")');
  const sidebar = await open(page, 'Catalog');
  await sidebar
    .getByRole('button', { name: 'Read modules, images and environments anew' })
    .click();
  await sidebar.getByRole('searchbox').fill('python-gpu');
  const offer = row(sidebar, 'Python with CUDA');
  await expect(offer).toBeVisible();
  await expect(offer).not.toContainText('Lacks');
  await act(offer, 'Install for Slurm');

  // It asks for more memory than a node of this cluster has.
  const form = page.getByRole('form', { name: 'New kernel' });
  await expect(
    form.getByRole('checkbox', { name: 'Run in a Slurm job' })
  ).toBeChecked();
  const memory = form.getByRole('textbox', { name: 'Memory per node' });
  await expect(memory).toHaveAttribute('aria-invalid', 'true');
  await memory.fill('4G');
  const main = page.locator('.kk-EditorScroll');
  await main.getByRole('button', { name: 'Create kernel' }).click();
  await expect(main).toContainText('is saved.');
  await main.getByRole('button', { name: 'Open a notebook' }).click();
  await answers(page);
  await expect
    .poll(() => slurm('squeue', '--me', '--noheader', '--format=%b'))
    .toContain('gpu');
});

/** In the oldest JupyterLab that is supported: what each user does first. */
import {
  addPython,
  answers,
  expect,
  install,
  open,
  row,
  run,
  test
} from './kernelkit';

const TITLE = 'Python 3.11';

test('a kernel is launched from the sidebar, and the form previews', async ({
  page,
  request
}) => {
  const version = await page.evaluate(() => window.jupyterapp.version);
  expect(version).toContain(process.env.KERNELKIT_UI_JUPYTERLAB);
  await install(request, {
    source: 'python/3.11',
    name: 'python-3.11',
    displayName: TITLE
  });
  const sidebar = await open(page, 'Kernels');
  await row(sidebar, TITLE)
    .getByRole('button', { name: `New notebook with ${TITLE}` })
    .click();
  await answers(page);
  const cell = await run(page, '6 * 7');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('42');

  await sidebar
    .getByRole('button', { name: 'Create a kernel' })
    .first()
    .click();
  const form = page.getByRole('form', { name: 'New kernel' });
  await addPython(form);
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toContainText('This is what would be saved.');
  await expect(preview.getByRole('tabpanel')).toContainText('argv');
});

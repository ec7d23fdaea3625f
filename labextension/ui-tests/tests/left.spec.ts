/** Before the server is killed: attach.spec.ts comes after it. */
import {
  answers,
  expect,
  install,
  open,
  row,
  run,
  save,
  test
} from './kernelkit';

const TITLE = 'Left behind';

// The notebook is there when the test is over.
test.use({ serverFiles: 'on' });

test('a kernel has a value when its server is killed', async ({
  page,
  request
}) => {
  await install(request, {
    source: 'python/3.11',
    name: 'left-behind',
    displayName: TITLE,
    resources: { partition: 'cpu', time: '30' }
  });
  const sidebar = await open(page, 'Kernels');
  await row(sidebar, TITLE)
    .getByRole('button', { name: `New notebook with ${TITLE}` })
    .click();
  await answers(page);
  const cell = await run(page, 'x = 6 * 7; x');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('42');
  await save(page);
});

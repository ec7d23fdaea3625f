/** With slurmdbd: `physics` (default) and `chemistry` are this user's, `geology` is not. */
import {
  act,
  answers,
  cancelAll,
  expect,
  install,
  open,
  row,
  slurm,
  test
} from './kernelkit';

const TITLE = 'Python on account';

test.afterEach(cancelAll);

test('accounts, QOS and limits are those of this user', async ({
  page,
  request
}) => {
  await install(request, {
    source: 'python/3.11',
    name: 'on-account',
    displayName: TITLE,
    resources: { partition: 'cpu', time: '30' }
  });
  const sidebar = await open(page, 'Kernels');
  await act(row(sidebar, TITLE), 'Edit…');
  const form = page.getByRole('form');
  await form.getByText('Account, nodes and more').click();

  const account = form.getByRole('combobox', { name: 'Account' });
  const qos = form.getByRole('combobox', { name: 'QOS' });
  const choices = (box: typeof account) => box.getByRole('option');
  await expect(choices(account)).toHaveText([
    'The default: physics',
    /^(physics|chemistry)$/,
    /^(physics|chemistry)$/,
    'Other…'
  ]);
  const names = async () => (await choices(qos).allTextContents()).sort();
  expect(await names()).toEqual(
    ['The default', 'Other…', 'normal', 'express', 'onegpu'].sort()
  );
  // Another account has other QOS.
  await account.selectOption('chemistry');
  await expect(choices(qos)).toHaveText(['The default', 'normal', 'Other…']);
  await account.selectOption('Other…');
  const typed = form.getByRole('textbox', { name: 'Account' });
  await typed.fill('geology');
  await expect(typed).toHaveAttribute('aria-invalid', 'true');
  await expect(typed).toHaveAccessibleDescription(/geology/);
  await account.selectOption('physics');
  await expect(typed).toHaveCount(0);

  // A limit of the QOS, and one of the partition, while one types: in the
  // sidebar's words, and a moment later in the server's.
  const time = form.getByRole('textbox', { name: 'Time limit' });
  await qos.selectOption('express');
  await time.fill('2:00:00');
  await expect(time).toHaveAttribute('aria-invalid', 'true');
  await expect(time).toHaveAccessibleDescription(/QOS .?express/);
  await form.getByRole('combobox', { name: 'Partition' }).selectOption('short');
  await time.fill('20');
  await expect(time).toHaveAttribute('aria-invalid', 'true');
  await expect(time).toHaveAccessibleDescription(/short/);
  await time.fill('8');
  await expect(time).not.toHaveAttribute('aria-invalid', 'true');

  // And Slurm gives what was chosen.
  const saving = page.getByRole('region', { name: 'Saving' });
  await saving.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(saving).toContainText('is saved.');
  await saving.getByRole('button', { name: 'Open a notebook' }).click();
  await answers(page);
  const asked = () =>
    slurm('squeue', '--me', '--noheader', '--format=%a %q %P %l').trim();
  await expect.poll(asked).toBe('physics express short 8:00');
});

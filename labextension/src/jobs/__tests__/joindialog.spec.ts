import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { kernel, refusal } from '../../__tests__/fakeapi';
import { trans } from '../../__tests__/rendering';
import { askJoining, type IJoining } from '../joindialog';

const user = userEvent.setup();

// Of one display name, as two kernels may be.
const KERNELS = [
  kernel({ name: 'one', display_name: 'PyTorch', on_slurm: true }),
  kernel({ name: 'two', display_name: 'PyTorch', on_slurm: true })
];

// For jsdom, whatever is in a dialog is hidden.
const choice = (name = 'Kernel') =>
  screen.findByRole('combobox', { name, hidden: true });
const gpus = () =>
  screen.queryByRole<HTMLInputElement>('textbox', { hidden: true });
const accept = async () =>
  user.click(await screen.findByRole('button', { name: 'Open', hidden: true }));

describe('askJoining', () => {
  it('divides the GPUs of the job, and keeps what was typed when refused', async () => {
    const asked: IJoining[] = [];
    const done = askJoining({
      into: { job: '42', gres: 'gres:gpu:2' },
      kernels: KERNELS,
      trans,
      join: async joining => {
        asked.push(joining);
        if (asked.length === 1) {
          throw refusal('`9` is none of its GPUs.', 400);
        }
      }
    });
    await user.selectOptions(await choice(), 'two');
    await user.selectOptions(await choice('Use it in'), 'console');
    await user.type(gpus()!, '9');
    await accept();
    const alert = await screen.findByRole('alert', { hidden: true });
    expect(alert.textContent).toContain('`9` is none of its GPUs.');
    expect(gpus()?.value).toBe('9');
    await user.clear(gpus()!);
    await user.type(gpus()!, '1');
    await accept();
    await done;
    expect(asked).toEqual([
      { kernel: 'two', gpus: '9', type: 'console' },
      { kernel: 'two', gpus: '1', type: 'console' }
    ]);
  });

  it('asks for no GPUs in a job without any', async () => {
    const join = jest.fn(async () => undefined);
    const into = { job: '42', gres: '', kernel: 'two' };
    const done = askJoining({ into, kernels: KERNELS, trans, join });
    await choice();
    expect(gpus()).toBeNull();
    await accept();
    await done;
    const wanted = { kernel: 'two', gpus: '', type: 'notebook' };
    expect(join).toHaveBeenCalledWith(wanted);
  });
});

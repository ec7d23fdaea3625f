import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { kernel, refusal } from '../../__tests__/fakeapi';
import { attach, kernelLog, moreTime, open, openInJob, told } from '../actions';
import { aRun } from './examples';
import { lab, notebook } from './lab';

const user = userEvent.setup();

const started = (path: string) => () => ({
  kernel_id: 'k-1',
  kernel_name: 'pytorch-2.7.1',
  path
});

const press = async (name: string) =>
  user.click(await screen.findByRole('button', { name, hidden: true }));

const dialog = () => screen.findByRole('dialog', { hidden: true });

describe('attach', () => {
  it('opens the notebook of the kernel', async () => {
    const { context, fake, done } = lab();
    fake.answers.attachRun = started('work/a.ipynb');
    await attach(context, aRun());
    expect(done).toEqual(['work/a.ipynb on k-1', 'open work/a.ipynb']);
  });

  it('gives the kernel to its notebook where that is open', async () => {
    const { context, fake, done, widgets } = lab();
    widgets.push(notebook('b.ipynb', done), notebook('a.ipynb', done));
    fake.answers.attachRun = started('a.ipynb');
    await attach(context, aRun());
    expect(done).toEqual(['a.ipynb changed to k-1', 'open a.ipynb']);
  });

  it('makes a notebook in the folder in front where none is known', async () => {
    const { context, fake, done } = lab();
    fake.answers.attachRun = started('');
    await attach(context, aRun());
    expect(done[0]).toBe('new in here');
  });

  it.each([
    ['Give It Back', 'work/a.ipynb on k-1'],
    ['New Notebook', 'new in work']
  ])(
    'asks before another kernel loses its notebook: %s',
    async (button, first) => {
      const { context, fake, done } = lab([
        { path: 'work/a.ipynb', kernel: { id: 'another' } }
      ]);
      fake.answers.attachRun = started('work/a.ipynb');
      const attached = attach(context, aRun());
      await press(button);
      await attached;
      expect(done[0]).toBe(first);
    }
  );
});

describe('moreTime', () => {
  it.each([
    ['', 'now.ipynb'],
    ['before.ipynb', 'now.ipynb']
  ])('opens the notebook that is closed (%s)', async (path, opened) => {
    const { context, fake, done } = lab([
      { path: 'now.ipynb', kernel: { id: 'k-1' } }
    ]);
    fake.answers.moreTime = started(path);
    const restarted = moreTime(context, aRun());
    await press('Restart');
    await restarted;
    expect(done).toEqual([`${opened} on k-1`, `open ${opened}`]);
  });
});

it('shows what a console was used for in a notebook in front', async () => {
  const { context, done } = lab([{ path: 'console-1', kernel: { id: 'k-1' } }]);
  await open(context, aRun());
  expect(done[0]).toBe('new in here');
});

describe('openInJob', () => {
  const one = kernel({ name: 'one', on_slurm: true });

  it('opens a notebook in the folder in front, of which the kernel is told', async () => {
    const { context, fake, done } = lab();
    fake.server.kernels.push(one);
    fake.answers.launch = () => 'k-2';
    const opened = openInJob(context, aRun({ gres: '' }));
    await press('Open');
    await opened;
    expect(done).toEqual([
      'new in here',
      'here/Untitled.ipynb on k-2',
      'open here/Untitled.ipynb'
    ]);
    expect(fake.asked.at(-1)).toContain('"path":"here/Untitled.ipynb"');
  });

  it('opens a console, and leaves no notebook of a kernel that is refused', async () => {
    const { context, fake, done } = lab();
    fake.server.kernels.push(one);
    fake.answers.launch = () => {
      throw refusal('The job takes no more.', 404);
    };
    const opened = openInJob(context, aRun({ gres: '' }));
    await press('Open');
    await screen.findByRole('alert', { hidden: true });
    await waitFor(() =>
      expect(done).toEqual([
        'new in here',
        'listed',
        'delete here/Untitled.ipynb'
      ])
    );
    fake.answers.launch = () => 'k-2';
    const type = await screen.findByRole('combobox', {
      name: 'Use it in',
      hidden: true
    });
    await user.selectOptions(type, 'console');
    await press('Open');
    await opened;
    expect(done.at(-1)).toBe('console in here');
  });
});

describe('kernelLog', () => {
  const log = {
    text: '',
    truncated: false,
    phase: 'ended',
    run: 'b',
    job: '7'
  };

  it('shows the log of a run that no list has', async () => {
    const { context, fake, done } = lab();
    fake.answers.kernel = () => kernel({ on_slurm: true });
    fake.answers.runLog = () => ({ ...log, display_name: 'PyTorch' });
    await kernelLog(context, 'pytorch-2.7.1');
    expect(fake.asked).toContain('runLog(pytorch-2.7.1)');
    expect(done).toEqual(['add Log of PyTorch']);
  });

  it.each([
    [true, 'No run of it in a job is on record.'],
    [false, 'beside the Jupyter server']
  ])('says why there is none (on Slurm: %s)', async (on_slurm, words) => {
    const { context, fake } = lab();
    fake.answers.kernel = () => kernel({ on_slurm });
    fake.answers.runLog = () => {
      throw refusal('There is no run.', 404);
    };
    const told = kernelLog(context, 'pytorch-2.7.1');
    expect((await dialog()).textContent).toContain(words);
    await press('Close');
    await told;
  });
});

describe('told', () => {
  it('tells a refusal in a dialog, with all that there is to do', async () => {
    const { context, fake } = lab();
    // Slurm may be slow to list the jobs.
    fake.answers.jobs = () => new Promise(() => undefined);
    const message = 'Slurm refused the job. '.repeat(20);
    const ended = told(context, 'Attach…', async () => {
      throw refusal(message);
    });
    const { textContent } = await dialog();
    expect(textContent).toContain(message.trim());
    expect(textContent).toContain('Do this.');
    expect(textContent).not.toContain('Attach…');
    await press('Close');
    await ended;
    await waitFor(() =>
      expect(screen.queryByRole('dialog', { hidden: true })).toBeNull()
    );
  });
});

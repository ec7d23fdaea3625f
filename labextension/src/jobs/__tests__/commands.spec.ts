import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { refusal } from '../../__tests__/fakeapi';
import type { IRun } from '../../api';
import { CommandIDs } from '../../tokens';
import { addOtherCommands, addRunCommands } from '../commands';
import { aRun, jobsWith } from './examples';
import { lab } from './lab';

const user = userEvent.setup();

/** The commands, where `listed` are in the list and `known` on record, too. */
async function commandsOf(listed: IRun[], known: IRun[] = []) {
  const { context, fake, done } = lab();
  fake.answers.jobs = (all?: boolean) =>
    jobsWith(...listed, ...(all ? known : []));
  addRunCommands(context);
  addOtherCommands(context);
  await context.model.jobs.refresh();
  const { commands } = context.app;
  const asked = (name: string) =>
    fake.asked.filter(one => one.startsWith(`${name}(`));
  return { fake, done, commands, asked };
}

const press = async (name: string) =>
  user.click(await screen.findByRole('button', { name, hidden: true }));

const dialog = () => screen.findByRole('dialog', { hidden: true });

const closed = () =>
  waitFor(() =>
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull()
  );

describe('a run that was told of, and that the list leaves out now', () => {
  const gone = aRun({ run: 'gone', state: 'ended', mine: false });
  const args = { run: 'gone' };

  it('shows its log', async () => {
    const { commands, done } = await commandsOf([], [gone]);
    await commands.execute(CommandIDs.runLog, args);
    expect(done).toEqual(['add Log of PyTorch 2.7.1']);
  });

  it('starts again with more time', async () => {
    const { commands, fake, asked, done } = await commandsOf([], [gone]);
    fake.answers.moreTime = () => ({
      kernel_id: 'k-1',
      kernel_name: 'pytorch-2.7.1',
      path: 'a.ipynb'
    });
    const restarted = commands.execute(CommandIDs.moreTime, args);
    await press('Restart');
    await restarted;
    expect(asked('moreTime')).toHaveLength(1);
    expect(done).toEqual(['a.ipynb on k-1', 'open a.ipynb']);
    await closed();
  });

  it.each([
    ['has ended', CommandIDs.cancelRun, [gone]],
    ['is not on record', CommandIDs.runLog, []]
  ])('says so where it %s', async (_, id, known) => {
    const { commands, asked } = await commandsOf([], known);
    const told = commands.execute(id, args);
    expect((await dialog()).textContent).toContain(
      'This kernel is not in the list of jobs any more.'
    );
    await press('Close');
    await told;
    expect(asked('cancelRun')).toEqual([]);
    await closed();
  });
});

describe('what is asked of the server', () => {
  it('is asked once, however often it is clicked', async () => {
    const run = aRun({ attachable: true, mine: false });
    const { commands, fake, asked } = await commandsOf([run]);
    let answer = () => undefined as void;
    fake.answers.attachRun = async () => {
      await new Promise<void>(resolve => (answer = resolve));
      throw refusal('Another server has it.');
    };
    const click = () =>
      commands.execute(CommandIDs.attachRun, { run: run.run });
    const first = click();
    await waitFor(() => expect(asked('attachRun')).toHaveLength(1));
    const second = click();
    answer();
    await dialog();
    await press('Close');
    await Promise.all([first, second]);
    await closed();
    expect(asked('attachRun')).toHaveLength(1);

    const again = click();
    await waitFor(() => expect(asked('attachRun')).toHaveLength(2));
    answer();
    await press('Close');
    await again;
    await closed();
  });

  it('is asked once of a job, too', async () => {
    const { commands, fake, asked } = await commandsOf([]);
    let answer = () => undefined as void;
    fake.answers.cancelRun = () =>
      new Promise<void>(resolve => (answer = resolve));
    const click = () => commands.execute(CommandIDs.cancelJob, { job: '9' });
    const first = click();
    await press('Cancel Job');
    await waitFor(() => expect(asked('cancelRun')).toHaveLength(1));
    await closed();
    const second = click();
    answer();
    await Promise.all([first, second]);
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull();
  });

  it('can be thought of again while Slurm is slow to list the jobs', async () => {
    const run = aRun();
    const { commands, fake } = await commandsOf([run]);
    fake.answers.jobs = () => new Promise(() => undefined);
    for (let time = 0; time < 2; time++) {
      const kept = commands.execute(CommandIDs.cancelRun, { run: run.run });
      await press('Keep');
      await kept;
      await closed();
    }
  });
});

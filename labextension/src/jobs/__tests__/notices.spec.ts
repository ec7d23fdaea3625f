import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { CommandRegistry } from '@lumino/commands';

import type { IJobs, IRun } from '../../api';
import { Resource } from '../../resource';
import { CommandIDs, type IKernelkitModel } from '../../tokens';
import { RunNotices } from '../notices';
import { NOW, aRun, jobsWith } from './examples';

const trans = nullTranslator.load('kernelkit');
const user = userEvent.setup();

async function noticesOf(first: IJobs) {
  const jobs = new Resource(async () => first);
  await jobs.refresh();
  const commands = new CommandRegistry();
  const given: [string, unknown][] = [];
  for (const id of [CommandIDs.cancelRun, CommandIDs.moreTime]) {
    commands.addCommand(id, {
      execute: args => void given.push([id, args.run])
    });
  }
  const model = { jobs } as unknown as IKernelkitModel;
  new RunNotices(model, commands, trans);
  return { jobs, given };
}

/** A run of this server, which is no more its own when it has ended. */
function failed(changes: Partial<IRun> = {}): IRun {
  const words = 'it was killed';
  const end = { code: 'OUT_OF_MEMORY', words, advice: '', log_tail: '' };
  const state_since = NOW - 600;
  return aRun({ state: 'ended', mine: false, state_since, end, ...changes });
}

const shown = () => Notification.manager.notifications;

afterEach(() => Notification.dismiss());

describe('RunNotices', () => {
  it('tells of a waiting run once, renews the words, and ends it with the start', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    expect(shown()).toHaveLength(1);
    expect(shown()[0]).toMatchObject({
      type: 'in-progress',
      message: expect.stringContaining('Priority')
    });
    jobs.update(() => jobsWith({ ...queued, reason: 'Resources' }));
    expect(shown()).toHaveLength(1);
    expect(shown()[0].message).toContain('Resources');
    jobs.update(() => jobsWith(aRun()));
    expect(shown()).toHaveLength(1);
    expect(shown()[0]).toMatchObject({
      type: 'success',
      message: 'PyTorch 2.7.1 runs on n1.'
    });
  });

  it('cancels from the notification, which stays to tell the outcome', async () => {
    const { given } = await noticesOf(jobsWith(aRun({ state: 'queued' })));
    const event = new MouseEvent('click', { cancelable: true });
    shown()[0].options.actions?.[0].callback(event);
    expect(given).toEqual([[CommandIDs.cancelRun, '0123456789ab']]);
    expect(event.defaultPrevented).toBe(true);
  });

  it('is silent about what ran before the page was opened', async () => {
    await noticesOf(jobsWith(aRun(), failed({ run: 'b' })));
    expect(shown()).toHaveLength(0);
  });

  it('tells of what failed before the first list of the page came', async () => {
    await noticesOf(jobsWith(failed({ state_since: NOW + 60 })));
    expect(shown()[0]).toMatchObject({
      type: 'error',
      message: 'PyTorch 2.7.1: it was killed'
    });
  });

  it('is silent about what failed long before it was made', async () => {
    const opened = jest.spyOn(performance, 'timeOrigin', 'get');
    opened.mockReturnValue(Date.now() - 7_200_000);
    const began = { state_since: NOW - 3600 };
    await noticesOf(jobsWith(failed(began), failed({ ...began, run: 'b' })));
    expect(shown()).toHaveLength(0);
    await noticesOf(jobsWith(failed({ state_since: NOW - 60 })));
    expect(shown()).toHaveLength(1);
    opened.mockRestore();
  });

  it.each(['LEFT', 'TAKEN_OVER'])(
    'calls no kernel that lives on (%s) an error',
    async code => {
      const { jobs } = await noticesOf(jobsWith(aRun()));
      const end = { code, words: 'it lives on', advice: '', log_tail: '' };
      jobs.update(() => jobsWith(failed({ end })));
      expect(shown()).toHaveLength(0);
    }
  );

  it('tells how a run ended that ran before the page was opened', async () => {
    const { jobs } = await noticesOf(jobsWith(aRun()));
    jobs.update(() => jobsWith(failed()));
    expect(shown()).toHaveLength(1);
  });

  it('does not come back with every word when it was dismissed', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.dismiss();
    jobs.update(() => jobsWith({ ...queued, reason: 'Resources' }));
    expect(shown()).toHaveLength(0);
  });

  it('does not come back with another estimate when it was dismissed', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.dismiss();
    const expected_start = NOW + 600;
    jobs.update(() => jobsWith({ ...queued, expected_start }));
    jobs.update(() => jobsWith({ ...queued, unknown_since: NOW }));
    expect(shown()).toHaveLength(0);
    jobs.update(() => jobsWith({ ...queued, state: 'starting' }));
    expect(shown()).toHaveLength(1);
  });

  it('says that what it tells is old while Slurm does not answer', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    jobs.update(() => jobsWith({ ...queued, unknown_since: NOW }));
    expect(shown()).toHaveLength(1);
    expect(shown()[0].message).toMatch(/Priority; state unknown since \d/);
  });

  it.each([true, false])(
    'warns anew at 10, 3 and 1 minutes, dismissed before or not (%s)',
    async dismissed => {
      const { jobs } = await noticesOf(jobsWith(aRun()));
      const told: string[] = [];
      for (const warning of ['10', '3', '1'] as const) {
        jobs.update(() => jobsWith(aRun({ warning })));
        // What else is news of the run meanwhile does not repeat it.
        jobs.update(() => jobsWith(aRun({ warning, reason: 'x' })));
        expect(shown()).toHaveLength(1);
        expect(shown()[0].type).toBe('warning');
        expect(shown()[0].message).toMatch(
          warning === '1'
            ? /less than 1 minute left\. At \d.*its variables are lost/
            : new RegExp(`less than ${warning} minutes left`)
        );
        told.push(shown()[0].id);
        if (dismissed) {
          Notification.dismiss();
          jobs.update(() => jobsWith(aRun({ warning, reason: 'y' })));
          expect(shown()).toHaveLength(0);
        }
      }
      expect(new Set(told).size).toBe(3);
    }
  );

  it('has room for all that it says, whatever a kernel is called', async () => {
    const long = { display_name: 'PyTorch with everything '.repeat(9) };
    const { jobs } = await noticesOf(jobsWith(aRun(long)));
    const end = {
      code: 'NOT_STARTED',
      words: `it was restarted in vain: ${'why '.repeat(60)}`,
      advice: 'Look at the log.',
      log_tail: ''
    };
    const states: Partial<IRun>[] = [
      { state: 'queued', reason: 'waiting for a licence '.repeat(20) },
      { node: 'node[001-999],'.repeat(30) },
      { warning: '10' },
      { state: 'ended', end }
    ];
    for (const state of states) {
      jobs.update(() => jobsWith(aRun({ ...long, ...state })));
      expect(shown()).toHaveLength(1);
      expect(shown()[0].message.length).toBeLessThanOrEqual(140);
    }
  });

  it('warns before the end and offers more time', async () => {
    const { jobs, given } = await noticesOf(jobsWith(aRun()));
    jobs.update(() => jobsWith(aRun({ warning: '10' })));
    expect(shown()[0].type).toBe('warning');
    shown()[0].options.actions?.[0].callback(new MouseEvent('click'));
    expect(given).toEqual([[CommandIDs.moreTime, '0123456789ab']]);
  });

  it('tells how a run ended, in the words of the server', async () => {
    const { jobs } = await noticesOf(jobsWith(aRun()));
    const end = {
      code: 'TIMEOUT',
      words: 'its time was up',
      advice: 'Ask for more.',
      log_tail: ''
    };
    jobs.update(() => jobsWith(aRun({ state: 'ended', end })));
    expect(shown()[0]).toMatchObject({
      type: 'error',
      message: 'PyTorch 2.7.1: its time was up'
    });
    const { actions } = shown()[0].options;
    expect(actions?.map(({ label }) => label)).toEqual([
      'Restart with more time',
      'What to do',
      'Show log'
    ]);
    actions?.[1].callback(new MouseEvent('click'));
    const dialog = await screen.findByRole('dialog', { hidden: true });
    expect(dialog.textContent).toContain('its time was up. Ask for more.');
    await user.click(
      screen.getByRole('button', { name: 'Close', hidden: true })
    );
  });

  it('takes back what it told when the user ends the kernel', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.emit('of somebody else');
    const end = { code: 'SHUT_DOWN', words: 'x', advice: '', log_tail: '' };
    jobs.update(() => jobsWith({ ...queued, state: 'ended', end }));
    expect(shown().map(({ message }) => message)).toEqual(['of somebody else']);
  });

  it('takes back what is not true any more of a run that left the list', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.emit('of somebody else');
    jobs.update(() => jobsWith());
    expect(shown().map(({ message }) => message)).toEqual(['of somebody else']);
    // It was only out of sight.
    jobs.update(() => jobsWith(queued));
    expect(shown()).toHaveLength(2);
  });

  it('keeps how a run ended when a new server does not list it', async () => {
    const { jobs } = await noticesOf(jobsWith(aRun()));
    jobs.update(() => jobsWith(failed()));
    jobs.update(() => jobsWith());
    expect(shown()).toHaveLength(1);
  });

  it('tells nothing of other servers’ runs', async () => {
    const other = { mine: false, serial: 0 };
    const ended = failed({ run: 'b', state_since: NOW + 60, ...other });
    await noticesOf(jobsWith(aRun({ state: 'queued', ...other }), ended));
    expect(shown()).toHaveLength(0);
  });
});

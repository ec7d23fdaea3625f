import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import type { IJobs } from '../../api';
import { Resource } from '../../resource';
import { CommandIDs, type IKernelkitModel } from '../../tokens';
import { RunNotices } from '../notices';
import { aRun, jobsWith } from './examples';

const trans = nullTranslator.load('kernelkit');

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
    await noticesOf(jobsWith(aRun(), aRun({ run: 'b', state: 'ended' })));
    expect(shown()).toHaveLength(0);
  });

  it('does not come back with every word when it was dismissed', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.dismiss();
    jobs.update(() => jobsWith({ ...queued, reason: 'Resources' }));
    expect(shown()).toHaveLength(0);
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
      message: 'PyTorch 2.7.1: its time was up. Ask for more.'
    });
    expect(shown()[0].options.actions).toHaveLength(2);
  });

  it('takes back what it told when the user ends the kernel', async () => {
    const queued = aRun({ state: 'queued', reason: 'Priority' });
    const { jobs } = await noticesOf(jobsWith(queued));
    Notification.emit('of somebody else');
    const end = { code: 'SHUT_DOWN', words: 'x', advice: '', log_tail: '' };
    jobs.update(() => jobsWith({ ...queued, state: 'ended', end }));
    expect(shown().map(({ message }) => message)).toEqual(['of somebody else']);
  });

  it('tells nothing of other servers’ runs', async () => {
    await noticesOf(jobsWith(aRun({ state: 'queued', mine: false })));
    expect(shown()).toHaveLength(0);
  });
});

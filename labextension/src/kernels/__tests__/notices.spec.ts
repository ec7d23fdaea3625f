import { Notification } from '@jupyterlab/apputils';

import { FakeApi, task } from '../../__tests__/fakeapi';
import { modelOf, recordedCommands, trans } from '../../__tests__/rendering';
import { CommandIDs } from '../../tokens';
import type { IContext } from '../actions';
import { announceTasks } from '../notices';

afterEach(() => Notification.dismiss());

describe('announceTasks', () => {
  it('has room for what failed, whose steps say what to do', async () => {
    const fake = new FakeApi();
    const model = modelOf(fake);
    const { commands, executed } = recordedCommands();
    announceTasks({ app: { commands }, model, trans } as unknown as IContext);
    const title = `Installing ${'PyTorch and all of it '.repeat(9)}`;
    const begun = task({ title });
    await model.begin(async () => begun);
    const error = { code: 'x', message: 'It '.repeat(90), hint: 'Do this.' };
    fake.server.tasks = [task({ title, state: 'failed', serial: 2, error })];
    await model.refresh();
    const [told] = Notification.manager.notifications;
    expect(told.message).toContain(': failed. It');
    expect(told.message.length).toBeLessThanOrEqual(140);
    told.options.actions?.[0].callback(new MouseEvent('click'));
    expect(executed).toEqual([[CommandIDs.showTask, { task: begun.id }]]);
    model.dispose();
  });

  it.each([
    ['is running', { state: 'running', serial: 1 }],
    ['has ended', { state: 'done', serial: 3 }]
  ] as const)(
    'tells the end once of a task whose events said that it %s before the answer came',
    async (_, told) => {
      const fake = new FakeApi();
      const model = modelOf(fake);
      const { commands } = recordedCommands();
      announceTasks({ app: { commands }, model, trans } as unknown as IContext);
      await model.begin(async () => {
        fake.server.tasks = [task(told)];
        await model.refresh();
        return task();
      });
      fake.server.tasks = [task({ state: 'done', serial: 3 })];
      await model.refresh();
      await model.refresh();
      const messages = Notification.manager.notifications.map(
        ({ message }) => message
      );
      expect(messages).toEqual(['Installing PyTorch 2.7.1: done.']);
      model.dispose();
    }
  );

  it('tells nothing of what ended before, or was begun by another page', async () => {
    const fake = new FakeApi({ tasks: [task({ state: 'done' })] });
    const model = modelOf(fake);
    const { commands } = recordedCommands();
    announceTasks({ app: { commands }, model, trans } as unknown as IContext);
    await model.refresh();
    fake.server.tasks = [task({ id: 'theirs', serial: 2 })];
    await model.refresh();
    fake.server.tasks = [task({ id: 'theirs', serial: 3, state: 'failed' })];
    await model.refresh();
    expect(Notification.manager.notifications).toEqual([]);
    model.dispose();
  });
});

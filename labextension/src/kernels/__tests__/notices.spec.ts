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
});

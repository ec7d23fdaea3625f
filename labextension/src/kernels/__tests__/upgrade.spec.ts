import { Notification } from '@jupyterlab/apputils';
import { configure, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { FakeApi, kernel, refusal, task } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import type { IDifference } from '../../api';
import { remove, rollback, upgrade, type IContext } from '../actions';

// A dialog is drawn in a while of its own, longer on a busy machine.
jest.setTimeout(60_000);
configure({ asyncUtilTimeout: 15_000 });

const user = userEvent.setup();

function difference(changes: Partial<IDifference> = {}): IDifference {
  return {
    files: {
      'kernel.json': { text: '{}', diff: '' },
      'launch.sh': {
        text: 'new',
        diff: '--- saved/launch.sh\n+++ new/launch.sh\n@@ -1 +1 @@\n-old\n+new\n'
      }
    },
    sbatch: null,
    problems: [],
    edited: [],
    fingerprint: 'seen',
    ...changes
  };
}

function server() {
  const fake = new FakeApi();
  const model = modelOf(fake);
  const context = { model, trans } as Partial<IContext> as IContext;
  Object.assign(fake.answers, {
    kernel: () =>
      kernel({
        name: 'mine',
        display_name: 'Mine',
        state: 'stale',
        reasons: ['`/modules/a.lua` changed'],
        former: { name: 'mine', modified: 1_600_000_000 }
      }),
    diff: () => difference(),
    upgrade: () => task({ kind: 'upgrade' }),
    rollback: () => ({
      kernel: kernel({ name: 'mine', display_name: 'Mine' }),
      redo: 'mine'
    }),
    remove: () => undefined
  });
  return { fake, model, context };
}

// For jsdom, whatever is in a dialog is hidden.
const button = (name: string) =>
  screen.findByRole('button', { name, hidden: true });
const press = async (name: string) => user.click(await button(name));
const shows = (text: string) =>
  waitFor(() => expect(document.body.textContent).toContain(text));
const asked = (fake: FakeApi, what: string) =>
  fake.asked.filter(one => one.startsWith(what));
// The newest first.
const told = () => Notification.manager.notifications[0];

describe('upgrade', () => {
  it('is begun after what changes was shown, and on that', async () => {
    const { fake, context, model } = server();
    const done = upgrade(context, 'mine');
    await press('Upgrade');
    await done;
    expect(fake.asked.at(-1)).toBe('upgrade(mine, seen, false)');
    expect(model.tasks[0].kind).toBe('upgrade');
    model.dispose();
  });

  it('shows why, the difference, and what is kept', async () => {
    const { fake, context, model } = server();
    const done = upgrade(context, 'mine');
    await button('Upgrade');
    await shows('/modules/a.lua changed');
    await shows('kept for a rollback');
    expect(document.querySelectorAll('.kk-UpgradeBody h3')).toHaveLength(1);
    const code = document.querySelector('.kk-UpgradeBody .kk-Code');
    expect(code?.textContent).toContain('-old\n+new');
    await press('Cancel');
    await done;
    expect(asked(fake, 'upgrade')).toEqual([]);
    model.dispose();
  });

  it('undoes what was edited by hand only where that is told', async () => {
    const { fake, context, model } = server();
    fake.answers.diff = () =>
      difference({ edited: ['`launch.sh` was edited by hand'] });
    const done = upgrade(context, 'mine');
    await button('Upgrade');
    await shows('launch.sh was edited by hand: an upgrade undoes that.');
    await press('Upgrade');
    await done;
    expect(fake.asked.at(-1)).toBe('upgrade(mine, seen, true)');
    model.dispose();
  });

  it('shows the newest difference when it is refused', async () => {
    const { fake, context, model } = server();
    fake.answers.upgrade = () => {
      throw refusal('It was changed.', 409);
    };
    const done = upgrade(context, 'mine');
    await press('Upgrade');
    expect(
      (await screen.findByRole('alert', { hidden: true })).textContent
    ).toContain('It was changed.');
    expect(asked(fake, 'diff')).toHaveLength(2);
    await press('Cancel');
    await done;
    model.dispose();
  });

  it('says what keeps it from being worked out, and tries again', async () => {
    const { fake, context, model } = server();
    fake.answers.diff = () => {
      throw refusal('A module did not load.', 422);
    };
    const done = upgrade(context, 'mine');
    expect(
      (await screen.findByRole('alert', { hidden: true })).textContent
    ).toContain('A module did not load.');
    fake.answers.diff = () => difference();
    await press('Try again');
    await press('Upgrade');
    await done;
    expect(asked(fake, 'upgrade')).toHaveLength(1);
    model.dispose();
  });

  it('is not waited for when it is cancelled', async () => {
    const { fake, context, model } = server();
    let signal: AbortSignal | undefined;
    fake.answers.diff = (_: string, given: AbortSignal) => {
      signal = given;
      return new Promise(() => undefined);
    };
    const done = upgrade(context, 'mine');
    await press('Cancel');
    await done;
    expect(signal?.aborted).toBe(true);
    expect(asked(fake, 'upgrade')).toEqual([]);
    model.dispose();
  });
});

describe('rollback', () => {
  it('is asked for, done, and told', async () => {
    const { fake, context, model } = server();
    const done = rollback(context, 'mine');
    await button('Rollback');
    expect(document.querySelector('.jp-Dialog-content')?.textContent).toContain(
      'takes the place of the present one'
    );
    await press('Rollback');
    await done;
    expect(asked(fake, 'rollback')).toEqual(['rollback(mine)']);
    expect(told()?.message).toBe('Rollback of Mine: done. State: Ready.');
    model.dispose();
  });

  it('says which name comes back', async () => {
    const { fake, context, model } = server();
    fake.answers.kernel = () =>
      kernel({ name: 'mine', former: { name: 'theirs', modified: 1 } });
    const done = rollback(context, 'mine');
    await button('Rollback');
    expect(document.querySelector('.jp-Dialog-content')?.textContent).toContain(
      'gets its former name theirs back'
    );
    await press('Cancel');
    await done;
    expect(asked(fake, 'rollback')).toEqual([]);
    model.dispose();
  });

  it('is offered for what was removed', async () => {
    const { fake, context, model } = server();
    const done = remove(context, 'mine');
    await press('Remove');
    await done;
    const notice = told();
    expect(notice?.message).toBe('Mine is removed.');
    const [back] = notice?.options.actions ?? [];
    expect(back.label).toBe('Rollback');
    back.callback(new MouseEvent('click'));
    await waitFor(() => expect(asked(fake, 'rollback')).toHaveLength(1));
    await waitFor(() =>
      expect(told()?.message).toContain('Rollback of Mine: done.')
    );
    model.dispose();
  });
});

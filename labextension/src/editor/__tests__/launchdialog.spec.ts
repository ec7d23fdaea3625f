import { Dialog } from '@jupyterlab/apputils';
import { configure, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { FakeApi, refusal } from '../../__tests__/fakeapi';
import { trans } from '../../__tests__/rendering';
import type { Resources } from '../../api';
import { askAndLaunch } from '../launchdialog';
import { inventory, schemas } from './schemas';

// A dialog is drawn in a while of its own, longer on a busy machine.
jest.setTimeout(60_000);
configure({ asyncUtilTimeout: 15_000 });

const user = userEvent.setup();

beforeAll(() => {
  // What JupyterLab's dialogs use, and jsdom has not.
  window.requestIdleCallback ??= (done: IdleRequestCallback) =>
    window.setTimeout(done);
  Element.prototype.scrollIntoView ??= () => undefined;
});

// One that a failed test left open would be the next one's.
afterEach(() => Dialog.flush());

function ask(resources: Resources, refuse: unknown[] = []) {
  const fake = new FakeApi();
  fake.answers.schema = () => schemas;
  fake.answers.inventory = () => inventory();
  const launched: Resources[] = [];
  const done = askAndLaunch({
    api: fake.api,
    kernel: 'torch-2',
    displayName: 'Torch 2',
    resources,
    trans,
    launch: async asked => {
      launched.push(asked);
      const reason = refuse.shift();
      if (reason) {
        throw reason;
      }
    }
  });
  return { fake, launched, done };
}

// For jsdom, whatever is in a dialog is hidden.
const press = async (name: string) =>
  user.click(await screen.findByRole('button', { name, hidden: true }));
const time = () => screen.findByLabelText(/^Time limit/);

it('launches with what is asked for this once', async () => {
  const { launched, done } = ask({ time: '1:00:00' });
  await user.clear(await time());
  await user.type(await time(), '2:00:00');
  await press('Launch');
  await done;
  expect(launched).toEqual([{ time: '2:00:00' }]);
});

it('asks no more for what was emptied', async () => {
  const { launched, done } = ask({ time: '1:00:00', partition: 'gpu' });
  await user.clear(await time());
  await press('Launch');
  await done;
  expect(launched).toEqual([{ time: null, partition: 'gpu' }]);
});

it('stays open on what could never run, and leads to its field', async () => {
  const { launched, done } = ask({ time: '2-0' });
  await screen.findByText(/Free counts as of/);
  const field = await time();
  await press('Launch');
  const alerts = screen.getAllByRole('alert', { hidden: true });
  expect(alerts.map(one => one.textContent).join()).toContain(
    'Time limit: At most 1-00:00:00 in partition cpu.'
  );
  await waitFor(() => expect(document.activeElement).toBe(field));
  expect(field.getAttribute('aria-invalid')).toBe('true');
  await user.type(field, '{Enter}');
  expect(launched).toEqual([]);
  await user.clear(field);
  await user.type(field, '1:00:00{Enter}');
  await done;
  expect(launched).toEqual([{ time: '1:00:00' }]);
});

it('does not send what is no number', async () => {
  const { launched, done } = ask({});
  const cpus = await screen.findByLabelText(/^cpus/);
  await user.type(cpus, 'many');
  await press('Launch');
  await waitFor(() => expect(document.activeElement).toBe(cpus));
  await press('Cancel');
  await done;
  expect(launched).toEqual([]);
});

it('shows what Slurm refused over what was typed, and tries again', async () => {
  const { launched, done } = ask({ time: '10' }, [refusal('Not today.')]);
  await press('Launch');
  await screen.findByText('Not today.');
  expect(((await time()) as HTMLInputElement).value).toBe('10');
  await press('Launch');
  await done;
  expect(launched).toHaveLength(2);
});

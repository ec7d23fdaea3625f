import { act, configure, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { FakeApi, refusal, task } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import type { IPackages, ITask } from '../../api';
import type { KernelkitModel } from '../../model';
import { PackagesBody } from '../packages';

jest.setTimeout(60_000);
configure({ asyncUtilTimeout: 15_000 });

const HOSTILE = '<img src=x onerror="window.hacked=1">';

let model: KernelkitModel;
afterEach(() => model.dispose());

function show(packages: Partial<IPackages> = {}) {
  const fake = new FakeApi();
  const there: IPackages = {
    dir: '/home/me/packages/torch-2',
    distributions: [{ name: 'rich', version: '14.0' }],
    problems: [],
    ...packages
  };
  const begun: ITask = task({ kind: 'packages', id: 'pip-1' });
  Object.assign(fake.answers, {
    packages: () => ({ ...there }),
    changePackages: () => {
      fake.server.tasks = [begun];
      return begun;
    }
  });
  model = modelOf(fake);
  render(<PackagesBody model={model} kernel="torch-2" trans={trans} />);
  const end = (changes: Partial<ITask>) => {
    fake.server.tasks = [{ ...begun, serial: 2, ...changes }];
    return act(() => model.refresh());
  };
  return { fake, there, end, user: userEvent.setup() };
}

const field = () =>
  screen.getByRole<HTMLInputElement>('textbox', {
    name: 'Packages to install'
  });
const install = () => screen.getByRole('button', { name: 'Install' });
const asked = (fake: FakeApi) =>
  fake.asked.filter(one => one.startsWith('changePackages'));

it('installs what is typed, tells how it goes, and reads the list anew', async () => {
  const { fake, there, end, user } = show();
  await screen.findByText('rich');
  expect(install().hasAttribute('disabled')).toBe(true);
  await user.type(field(), ' einops  httpx>=0.28 ');
  await user.click(install());
  expect(asked(fake)).toEqual([
    'changePackages(torch-2, {"install":["einops","httpx>=0.28"]})'
  ]);
  expect(install().hasAttribute('disabled')).toBe(true);
  await end({
    steps: [{ name: 'pip', state: 'running', detail: 'Collecting einops' }]
  });
  await screen.findByText('Collecting einops');
  there.distributions = [
    ...there.distributions,
    { name: 'einops', version: '1' }
  ];
  await end({
    serial: 3,
    state: 'done',
    result: { name: 'torch-2', notices: [] }
  });
  await screen.findByText('einops');
  expect(field().value).toBe('');
});

it('asks once, however often it is clicked before the answer', async () => {
  const { fake, user } = show();
  await screen.findByText('rich');
  const answer = fake.answers.changePackages;
  let respond: () => void = () => undefined;
  const asking = new Promise<void>(resolve => (respond = resolve));
  fake.answers.changePackages = () => asking.then(answer);
  await user.type(field(), 'einops{Enter}{Enter}');
  // Where it is refused, the focus is where it was.
  expect(document.activeElement).toBe(field());
  const uninstall = screen.getByRole('button', { name: 'Uninstall rich' });
  await user.click(uninstall);
  expect(document.activeElement).toBe(uninstall);
  await act(async () => respond());
  expect(asked(fake)).toHaveLength(1);
  expect(install().hasAttribute('disabled')).toBe(true);
});

it('keeps what was typed where pip fails', async () => {
  const { end, user } = show();
  await screen.findByText('rich');
  await user.type(field(), 'nosuch{Enter}');
  const error = { code: 'pip', message: 'No nosuch.', hint: '' };
  await end({ state: 'failed', error });
  await screen.findByText(/No nosuch\./);
  expect(field().value).toBe('nosuch');
  expect(install().hasAttribute('disabled')).toBe(false);
});

it('uninstalls one, and takes back the last change', async () => {
  const { fake, end, user } = show();
  await user.click(
    await screen.findByRole('button', { name: 'Uninstall rich' })
  );
  expect(screen.queryByRole('button', { name: 'Uninstall rich' })).toBeNull();
  await end({ state: 'done', result: { name: 'torch-2', notices: [] } });
  await user.click(
    await screen.findByRole('button', { name: 'Rollback of the last change' })
  );
  expect(asked(fake)).toEqual([
    'changePackages(torch-2, {"uninstall":["rich"]})',
    'changePackages(torch-2, {"rollback":true})'
  ]);
});

it('says where nothing is on top, and why it cannot be read', async () => {
  const { fake, there, user } = show({ dir: null, distributions: [] });
  await screen.findByText(/Nothing is installed on top yet/);
  fake.answers.changePackages = () => {
    throw refusal('Another change goes on.', 409);
  };
  await user.type(field(), 'einops{Enter}');
  await screen.findByText('Another change goes on.');
  there.distributions = [{ name: HOSTILE, version: HOSTILE }];
  await user.click(screen.getByRole('button', { name: /again/i }));
  expect((await screen.findAllByText(HOSTILE)).length).toBeGreaterThan(0);
  expect(document.querySelector('img')).toBeNull();
});

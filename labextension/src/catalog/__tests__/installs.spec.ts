import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act, screen } from '@testing-library/react';

import { FakeApi, catalogOf, offer, task } from '../../__tests__/fakeapi';
import { modelOf, recordedCommands, trans } from '../../__tests__/rendering';
import { createCatalogPanel } from '..';
import { Installs } from '../installs';

it('an offer shows that it is being installed from the click on', async () => {
  const one = offer();
  const fake = new FakeApi({ catalog: catalogOf([one]) });
  let respond: () => void = () => undefined;
  const asking = new Promise<void>(resolve => (respond = resolve));
  fake.answers.install = () => asking.then(() => task());
  const model = modelOf(fake);
  const installs = new Installs(model);
  const app = { commands: recordedCommands().commands };
  const context = { app: app as unknown as JupyterFrontEnd, model, trans };
  const panel = createCatalogPanel({ ...context, cwd: () => '' }, installs);
  await act(async () => Widget.attach(panel, document.body));
  const name = 'Install PyTorch 2.7.1';
  const button = await screen.findByRole('button', { name });
  expect(screen.queryByText('Installing')).toBeNull();

  let begun: Promise<unknown> = Promise.resolve();
  act(() => {
    begun = installs.begin(one, false);
    MessageLoop.flush();
  });
  screen.getByText('Installing');
  expect(button.getAttribute('aria-disabled')).toBe('true');
  await act(async () => {
    respond();
    await begun;
    MessageLoop.flush();
  });
  screen.getByText('Installing');
  fake.server.tasks = [task({ state: 'failed', serial: 2 })];
  await act(() => model.refresh());
  expect(screen.queryByText('Installing')).toBeNull();
  panel.dispose();
  model.dispose();
});

it('an offer whose install was refused can be installed', async () => {
  const fake = new FakeApi();
  const model = modelOf(fake);
  const installs = new Installs(model);
  fake.answers.install = () => Promise.reject(new Error('No.'));
  const begun = installs.begin(offer(), false);
  expect(installs.taskOf(offer().identity)).toBeDefined();
  await expect(begun).rejects.toThrow('No.');
  expect(installs.taskOf(offer().identity)).toBeUndefined();
  model.dispose();
});

import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { FakeApi, catalogOf, offer, task } from '../../__tests__/fakeapi';
import { modelOf, recordedCommands, trans } from '../../__tests__/rendering';
import type { ICatalogQuery, IOffer, ITask } from '../../api';
import type { KernelkitModel } from '../../model';
import { CommandIDs } from '../../tokens';
import { Installs } from '../installs';
import { CatalogModel } from '../model';
import { CatalogView } from '../panel';

let model: KernelkitModel;

async function show(items: IOffer[]) {
  const fake = new FakeApi({ catalog: catalogOf(items) });
  model = modelOf(fake);
  const { commands, executed } = recordedCommands();
  const installs = new Installs(model);
  render(
    <CatalogView
      model={model}
      catalog={new CatalogModel(fake.api)}
      commands={commands}
      trans={trans}
      taskOf={identity => installs.taskOf(identity)}
      onError={() => undefined}
    />
  );
  await screen.findByRole('combobox', { name: 'Kinds' });
  return { fake, executed, installs, user: userEvent.setup() };
}

afterEach(() => model.dispose());

const install = (name: string) =>
  screen.findByRole('button', { name: `Install ${name}` });

describe('CatalogView', () => {
  it('asks the server for what is typed, once the typing rests', async () => {
    const { fake, user } = await show([offer()]);
    await install('PyTorch 2.7.1');
    fake.asked.length = 0;
    fake.server.catalog = catalogOf([]);
    await user.type(screen.getByRole('searchbox'), 'cuda');
    expect(await screen.findByText('Nothing matches “cuda”')).toBeTruthy();
    expect(fake.asked).toEqual([
      'catalog({"q":"cuda","offset":0,"limit":200,"refresh":false})'
    ]);
  });

  it('asks for one kind', async () => {
    const { fake, user } = await show([offer()]);
    await install('PyTorch 2.7.1');
    const kinds = screen.getByRole('combobox', { name: 'Kinds' });
    await user.selectOptions(kinds, 'recipe');
    expect(fake.asked[fake.asked.length - 1]).toContain('"kind":"recipe"');
  });

  it('marks the default and what is installed, and launches that', async () => {
    const { user, executed } = await show([
      offer({ default: true, installed: 'pt', installed_state: 'ready' })
    ]);
    expect(await screen.findByText('default')).toBeTruthy();
    expect(screen.getByText('Installed')).toBeTruthy();
    await user.click(
      screen.getByRole('button', { name: 'New notebook with PyTorch 2.7.1' })
    );
    expect(executed[0][0]).toBe(CommandIDs.launchNotebook);
    expect(executed[0][1]).toMatchObject({ kernel: 'pt' });
  });

  it('does not install what lacks modules', async () => {
    const { user, executed } = await show([offer({ missing: ['cuda'] })]);
    expect(await screen.findByText('Lacks cuda')).toBeTruthy();
    const button = await install('PyTorch 2.7.1');
    expect(button.getAttribute('aria-disabled')).toBe('true');
    await user.click(button);
    expect(executed).toEqual([]);
  });

  it('shows an install that goes on at its offer', async () => {
    const one = offer();
    const { fake, installs } = await show([one]);
    const answers: ITask[] = [task()];
    fake.answers.install = () => answers[0];
    await install('PyTorch 2.7.1');
    await act(() => installs.begin(one, false));
    expect(screen.getByText('Installing')).toBeTruthy();
    expect(fake.asked).toContain(
      'install({"source":"pytorch/2.7.1","options":{},"replace":false})'
    );
  });

  it('tells about an offer when its row is opened', async () => {
    const { fake, user } = await show([offer()]);
    fake.answers.offerInfo = () => ({
      offer: offer(),
      layers: ['modules cuda/12.6'],
      troubleshoot: 'Read <b>this</b>.',
      recipe: null,
      module: null
    });
    await install('PyTorch 2.7.1');
    await user.click(screen.getByRole('button', { name: /^PyTorch/ }));
    expect(await screen.findByText('modules cuda/12.6')).toBeTruthy();
    expect(screen.getByText('Read <b>this</b>.')).toBeTruthy();
  });

  it('shows old offers without a word while they are read again', async () => {
    const { fake } = await show([]);
    fake.server.catalog = catalogOf([offer()], { outdated: true });
    await act(() => model.refresh());
    await install('PyTorch 2.7.1');
    expect(screen.queryByText('The modules are being read…')).toBeNull();
  });

  it('reads on where the end came into view during another request', async () => {
    const offers = ['a', 'b', 'c', 'd'].map(name =>
      offer({ identity: name, display_name: name })
    );
    const late: (() => void)[] = [];
    const page = ({ offset = 0 }: ICatalogQuery) =>
      catalogOf(offers.slice(offset, offset + 2), { total: 4 });
    const { fake } = await show([]);
    fake.answers.catalog = async (query: ICatalogQuery) => {
      await new Promise<void>(resolve => late.push(resolve));
      return page(query);
    };
    const renewed = model.refresh();
    await waitFor(() => expect(late).toHaveLength(1));
    late[0]();
    await renewed;
    await install('b');
    // Both rows are in view, and the next two are asked for.
    await waitFor(() => expect(late).toHaveLength(2));
    await model.refresh();
    await waitFor(() => expect(late).toHaveLength(3));
    fake.answers.catalog = page;
    late[2]();
    await install('d');
  });
});

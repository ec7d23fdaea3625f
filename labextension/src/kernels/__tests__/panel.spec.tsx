import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import type { IKernel } from '../../api';
import { FakeApi, kernel, refusal, task } from '../../__tests__/fakeapi';
import { modelOf, recordedCommands, trans } from '../../__tests__/rendering';
import type { KernelkitModel } from '../../model';
import { CommandIDs } from '../../tokens';
import { KernelsView } from '../panel';

let model: KernelkitModel;

async function show(kernels: IKernel[], fake = new FakeApi({ kernels })) {
  model = modelOf(fake);
  await model.refresh();
  const { commands, executed } = recordedCommands();
  render(
    <KernelsView
      model={model}
      commands={commands}
      trans={trans}
      logoOf={() => undefined}
      groupBy="state"
      onGroupBy={() => undefined}
      onError={() => undefined}
    />
  );
  return { fake, executed, user: userEvent.setup() };
}

afterEach(() => model.dispose());

const titles = () =>
  [...document.querySelectorAll('.kk-Row-title')].map(one => one.textContent);

describe('KernelsView', () => {
  it('says the state in words, with the reasons', async () => {
    await show([kernel({ state: 'broken', reasons: ['The image is gone.'] })]);
    expect(screen.getByText('Broken')).toBeTruthy();
    expect(screen.getByText('The image is gone.')).toBeTruthy();
  });

  it('finds while one types, and says when nothing is found', async () => {
    const { user } = await show([
      kernel({ name: 'a', display_name: 'Alpha' }),
      kernel({ name: 'b', display_name: 'Beta' })
    ]);
    const search = screen.getByRole('searchbox', { name: 'Search kernels' });
    await user.type(search, 'bet');
    expect(titles()).toEqual(['Beta']);
    await user.type(search, 'x');
    expect(screen.getByText('No kernel matches “betx”')).toBeTruthy();
    await user.keyboard('{Escape}');
    expect(titles()).toEqual(['Alpha', 'Beta']);
  });

  it('starts a notebook by one click', async () => {
    const { user, executed } = await show([kernel()]);
    await user.click(
      screen.getByRole('button', { name: 'New notebook with PyTorch 2.7.1' })
    );
    expect(executed).toEqual([
      [CommandIDs.launchNotebook, { kernel: 'pytorch-2.7.1' }]
    ]);
  });

  it('shows a hostile name as text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await show([kernel({ display_name: name, description: name })]);
    expect(titles()).toEqual([name]);
    expect(document.querySelector('img')).toBeNull();
  });

  it('is one tab stop, walked with the arrows', async () => {
    const { user } = await show([
      kernel({ name: 'a', display_name: 'Alpha' }),
      kernel({ name: 'b', display_name: 'Beta' })
    ]);
    const search = screen.getByRole('searchbox');
    search.focus();
    await user.keyboard('{ArrowDown}');
    const focused = () => document.activeElement?.textContent ?? '';
    expect(focused()).toContain('Alpha');
    await user.keyboard('{ArrowDown}');
    expect(focused()).toContain('Beta');
    await user.keyboard('{ArrowRight}');
    expect(document.activeElement?.getAttribute('aria-label')).toBe(
      'New notebook with Beta'
    );
    expect(
      document.querySelectorAll('[data-kk-stop][tabindex="0"]')
    ).toHaveLength(1);
  });

  it('keeps the focus when the list changes around it', async () => {
    const { user, fake } = await show([
      kernel({ name: 'b', display_name: 'Beta' })
    ]);
    screen.getByRole('searchbox').focus();
    await user.keyboard('{ArrowDown}');
    fake.server.kernels.unshift(kernel({ name: 'a', display_name: 'Alpha' }));
    await act(() => model.refresh());
    expect(titles()).toEqual(['Alpha', 'Beta']);
    expect(document.activeElement?.textContent).toContain('Beta');
  });

  it('moves the focus to the next row when its row is removed', async () => {
    const { user, fake } = await show([
      kernel({ name: 'a', display_name: 'Alpha' }),
      kernel({ name: 'b', display_name: 'Beta' })
    ]);
    screen.getByRole('searchbox').focus();
    await user.keyboard('{ArrowDown}');
    fake.server.kernels.shift();
    await act(() => model.refresh());
    expect(document.activeElement?.textContent).toContain('Beta');
  });

  it('opens a row: facts, and actions in words', async () => {
    const { user, executed } = await show([
      kernel({ on_slurm: true, resources: { partition: 'gpu', gres: 'gpu:1' } })
    ]);
    await user.click(screen.getByRole('button', { name: /^P?PyTorch/ }));
    expect(screen.getByText('gpu · gpu:1')).toBeTruthy();
    await user.click(
      screen.getByRole('button', { name: CommandIDs.launchWithResources })
    );
    expect(executed[0][0]).toBe(CommandIDs.launchWithResources);
  });

  it('offers an upgrade and a rollback only where there is one', async () => {
    const former = { name: 'a', modified: 1 };
    const { user, executed } = await show([
      kernel({ name: 'a', display_name: 'Alpha', state: 'stale', former }),
      kernel({ name: 'b', display_name: 'Beta' })
    ]);
    for (const name of [/Alpha/, /Beta/]) {
      await user.click(
        screen.getAllByRole('button', { name, expanded: false })[0]
      );
    }
    const offered = (id: string) =>
      screen.queryAllByRole('button', { name: id });
    expect(offered(CommandIDs.upgradeKernel)).toHaveLength(1);
    expect(offered(CommandIDs.rollbackKernel)).toHaveLength(1);
    await user.click(offered(CommandIDs.upgradeKernel)[0]);
    await user.click(offered(CommandIDs.rollbackKernel)[0]);
    expect(executed).toEqual([
      [CommandIDs.upgradeKernel, { kernel: 'a' }],
      [CommandIDs.rollbackKernel, { kernel: 'a' }]
    ]);
  });

  it('tells how old the list is when the server is gone', async () => {
    const { fake } = await show([kernel()]);
    fake.server.down = refusal('The server is gone.');
    await act(() => model.refresh());
    expect(titles()).toHaveLength(1);
    expect(
      screen.getByText(/As of just now. The server is gone./)
    ).toBeTruthy();
  });

  it('says what failed and what to do when nothing was read', async () => {
    const fake = new FakeApi({ down: refusal('The server is gone.') });
    const { user } = await show([], fake);
    expect(screen.getByRole('alert').textContent).toContain('Do this.');
    fake.server.down = null;
    fake.server.kernels = [kernel()];
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('PyTorch 2.7.1')).toBeTruthy();
  });

  it('leads who has no kernel yet to the catalog', async () => {
    const { user, executed } = await show([
      kernel({ managed: false, state: 'unmanaged' })
    ]);
    await user.click(
      screen.getByRole('button', { name: 'Browse the catalog' })
    );
    expect(executed).toEqual([[CommandIDs.showCatalog, {}]]);
  });

  it('draws what is seen of 500 kernels', async () => {
    const kernels = Array.from({ length: 500 }, (_, index) =>
      kernel({ name: `k${index}`, display_name: `Kernel ${index}` })
    );
    await show(kernels);
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('500');
    expect(titles().length).toBeLessThan(60);
  });

  it('shows the steps of what runs, its failure and its retry', async () => {
    const { fake, user } = await show([kernel()]);
    let count = 0;
    const start = async () => task({ id: `task-${++count}`, serial: count });
    await act(async () => void (await model.begin(start)));
    const region = screen.getByRole('region', { name: 'Work in progress' });
    expect(within(region).getByText('In progress')).toBeTruthy();
    fake.server.tasks = [
      task({
        serial: 9,
        state: 'failed',
        steps: [{ name: 'probe', state: 'failed', detail: 'Probing Python' }],
        error: { code: 'x', message: 'No Python.', hint: 'Load one.' }
      })
    ];
    await act(() => model.refresh());
    expect(within(region).getByText('Probing Python')).toBeTruthy();
    expect(within(region).getByText('Load one.')).toBeTruthy();
    await user.click(
      within(region).getByRole('button', { name: /^Try again/ })
    );
    expect(within(region).getByText('In progress')).toBeTruthy();
    expect(count).toBe(2);
  });
});

/** What is shown of a run wherever it is shown, while Slurm does not answer. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { render, screen, waitFor } from '@testing-library/react';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import React from 'react';

import type { IJobs } from '../../api';
import { recordedCommands, trans } from '../../__tests__/rendering';
import { Resource } from '../../resource';
import type { IKernelkitModel } from '../../tokens';
import { JobIndicator } from '../indicator';
import { RunRow } from '../row';
import { runningJobs } from '../running';
import { NOW, aRun, jobsWith } from './examples';

const UNKNOWN = /state unknown since \d/;

const silent = aRun({ unknown_since: NOW - 60 });

async function modelWith(jobs: IJobs): Promise<IKernelkitModel> {
  const resource = new Resource(async () => jobs);
  await resource.refresh();
  return { jobs: resource } as unknown as IKernelkitModel;
}

describe('a state that is not known now', () => {
  it('is told in the Jobs panel', () => {
    const { commands } = recordedCommands();
    const shared = { now: NOW, commands, trans };
    const { container, rerender } = render(
      <RunRow run={silent} endsJob {...shared} />
    );
    expect(container.textContent).toMatch(UNKNOWN);
    rerender(<RunRow run={aRun()} endsJob {...shared} />);
    expect(container.textContent).not.toMatch(UNKNOWN);
  });

  it('is told in the Running panel', async () => {
    const { commands } = recordedCommands();
    const model = await modelWith(jobsWith(silent));
    const [item] = runningJobs({ model, commands, trans }).running({
      mode: 'list'
    });
    expect(item.detail?.()).toMatch(UNKNOWN);
  });

  it('is told in the toolbar and the status bar', async () => {
    const { commands } = recordedCommands();
    const model = await modelWith(jobsWith(silent));
    const indicator = new JobIndicator({ model, commands, trans });
    const session = { kernel: { id: 'k-1' } };
    const kernelChanged = new Signal<object, void>({});
    indicator.session = {
      session,
      kernelChanged
    } as unknown as ISessionContext;
    Widget.attach(indicator, document.body);
    await waitFor(() => expect(indicator.node.textContent).toMatch(UNKNOWN));
    indicator.dispose();
  });
});

describe('RunRow', () => {
  it.each([
    [true, 'Cancel the job of PyTorch 2.7.1'],
    [false, 'End the kernel PyTorch 2.7.1']
  ])('names what ends (the job: %s)', (endsJob, name) => {
    const { commands } = recordedCommands();
    const shared = { run: aRun(), now: NOW, commands, trans };
    render(<RunRow endsJob={endsJob} {...shared} />);
    screen.getByRole('button', { name });
  });
});

describe('what is wrong with the files of a kernel that runs', () => {
  it('is told in the Jobs panel for as long as it is', () => {
    const { commands } = recordedCommands();
    const shared = { now: NOW, commands, trans };
    const trouble = 'No quota is left. See `quota -s`.';
    const { container, rerender } = render(
      <RunRow run={aRun({ trouble })} endsJob {...shared} />
    );
    expect(container.textContent).toContain(trouble);
    expect(container.querySelector('.kk-mod-warn')).not.toBeNull();
    rerender(<RunRow run={aRun()} endsJob {...shared} />);
    expect(container.textContent).not.toContain('quota');
    expect(container.querySelector('.kk-mod-warn')).toBeNull();
  });
});

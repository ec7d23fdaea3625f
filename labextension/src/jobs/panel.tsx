/** The Jobs panel: every run of this user, what waits first. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import React, { useRef, useState } from 'react';

import { openMenu } from '../components/actionmenu';
import { useNow, useSignal } from '../components/hooks';
import { PanelWidget } from '../components/panelwidget';
import { SearchBox } from '../components/searchbox';
import { SectionHead } from '../components/section';
import {
  EmptyState,
  ErrorState,
  Loading,
  Problems,
  StaleNotice
} from '../components/states';
import { ToolButton } from '../components/toolbutton';
import {
  VirtualList,
  type IVirtualListHandle
} from '../components/virtuallist';
import { ago } from '../format';
import { jobsIcon } from '../icons';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import { runMenu } from './commands';
import { linesOf, type Group } from './lines';
import { RunRow, StrayRow } from './row';
import { endsJob, serverNow } from './runs';

/** The heights of lines before they are drawn, in pixels. */
const HEIGHTS = { head: 28, run: 76, stray: 48 };

/** Milliseconds between two drawings of the time that is left. */
const TICK = 5000;

export interface IJobsViewProps {
  model: IKernelkitModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Called by the plugin when the panel is first shown. */
export function createJobsPanel(
  props: IJobsViewProps,
  watching: IDisposable
): PanelWidget {
  return new PanelWidget(props.model, () => <JobsView {...props} />, watching);
}

export function JobsView(props: IJobsViewProps): JSX.Element {
  const { model, commands, trans } = props;
  useSignal(model.jobs.changed);
  useSignal(model.status.changed);
  useNow(TICK);
  const [text, setText] = useState('');
  const [closed, setClosed] = useState<ReadonlySet<Group>>(new Set());
  const list = useRef<IVirtualListHandle>(null);

  const { data, error } = model.jobs;
  if (!data) {
    return error ? (
      <ErrorState
        error={error}
        trans={trans}
        onRetry={() => void model.jobs.refresh()}
      />
    ) : (
      <Loading label={trans.__('Reading the jobs…')} />
    );
  }

  const now = serverNow(model.jobs);
  const lines = linesOf(data, text, closed);
  const toggle = (group: Group) => {
    const next = new Set(closed);
    if (!next.delete(group)) {
      next.add(group);
    }
    setClosed(next);
  };
  return (
    <div className="kk-Panel">
      <div className="kk-Panel-tools">
        <SearchBox
          label={trans.__('Search jobs')}
          value={text}
          onChange={setText}
          onLeave={() => list.current?.focus()}
        />
        <ToolButton
          icon={refreshIcon}
          label={trans.__('Refresh')}
          onClick={() => void model.jobs.refresh()}
        />
      </div>
      <StaleNotice resource={model.jobs} trans={trans} />
      {data.unknown_since !== null && (
        <Problems
          problems={[
            trans.__(
              'Slurm does not answer since %1: states are what was last known.',
              ago(data.unknown_since, now, trans)
            )
          ]}
        />
      )}
      <Problems problems={data.problems} />
      {lines.length > 0 ? (
        <VirtualList
          label={trans.__('Jobs')}
          items={lines}
          keyOf={line => line.key}
          estimate={line => HEIGHTS[line.kind]}
          handle={list}
          onMenu={(line, x, y) => {
            if (line.kind === 'run') {
              const { run } = line;
              const entries = runMenu(commands, run);
              openMenu(commands, entries, { run: run.run }, x, y);
            }
          }}
          render={line => {
            switch (line.kind) {
              case 'head':
                return (
                  <SectionHead
                    title={groupTitle(line.group, trans)}
                    count={line.count}
                    open={!closed.has(line.group)}
                    onToggle={() => toggle(line.group)}
                  />
                );
              case 'run':
                return (
                  <RunRow
                    run={line.run}
                    endsJob={endsJob(line.run, data)}
                    now={now}
                    commands={commands}
                    trans={trans}
                  />
                );
              case 'stray':
                return (
                  <StrayRow
                    job={line.job}
                    idle={line.idle}
                    now={now}
                    commands={commands}
                    trans={trans}
                  />
                );
            }
          }}
        />
      ) : (
        <Nothing {...props} text={text} clear={() => setText('')} />
      )}
    </div>
  );
}

interface INothingProps extends IJobsViewProps {
  text: string;
  clear: () => void;
}

function Nothing(props: INothingProps): JSX.Element {
  const { model, commands, trans, text, clear } = props;
  if (text) {
    return (
      <EmptyState
        title={trans.__('No job fits “%1”.', text)}
        actions={[{ label: trans.__('Clear the search'), run: clear }]}
      />
    );
  }
  if (model.status.data?.slurm === false) {
    return (
      <EmptyState
        icon={jobsIcon}
        title={trans.__('There is no Slurm on this machine.')}
        text={trans.__('Kernels run where the Jupyter server runs.')}
      />
    );
  }
  return (
    <EmptyState
      icon={jobsIcon}
      title={trans.__('No kernels on Slurm.')}
      text={trans.__(
        'A kernel that was installed for Slurm appears here when it starts: queued, running, and how it ended.'
      )}
      actions={[
        {
          label: trans.__('Show Kernels'),
          run: () => void commands.execute(CommandIDs.showKernels)
        }
      ]}
    />
  );
}

function groupTitle(group: Group, trans: TranslationBundle): string {
  switch (group) {
    case 'present':
      return trans.__('Waiting and running');
    case 'left':
      return trans.__('Left by a former server');
    case 'idle':
      return trans.__('Waiting for their next kernel');
    case 'stray':
      return trans.__('Jobs without a kernel');
    case 'ended':
      return trans.__('Ended');
  }
}

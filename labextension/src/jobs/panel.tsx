/** The Jobs panel: every run of this user, what waits first. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useRef, useState } from 'react';

import type { IRun } from '../api';
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
import { RunRow } from './row';
import { grouped, serverNow, type IRunGroups } from './runs';

/** The heights of a heading and of a row before they are drawn, in pixels. */
const HEAD_HEIGHT = 28;
const ROW_HEIGHT = 76;

/** Milliseconds between two drawings of the time that is left. */
const TICK = 5000;

export interface IJobsViewProps {
  model: IKernelkitModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

type Group = keyof IRunGroups;
type Item = { group: Group; count: number } | { run: IRun };

/** Called by the plugin when the panel is first shown. */
export function createJobsPanel(props: IJobsViewProps): PanelWidget {
  return new PanelWidget(props.model, () => <JobsView {...props} />);
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
  const items = listed(grouped(data.runs.filter(fits(text))), closed);
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
      {items.length > 0 ? (
        <VirtualList
          label={trans.__('Jobs')}
          items={items}
          keyOf={item => ('run' in item ? item.run.run : item.group)}
          estimate={item => ('run' in item ? ROW_HEIGHT : HEAD_HEIGHT)}
          handle={list}
          onMenu={(item, x, y) => {
            if ('run' in item) {
              const { run } = item;
              openMenu(
                commands,
                runMenu(commands, run),
                { run: run.run },
                x,
                y
              );
            }
          }}
          render={item =>
            'run' in item ? (
              <RunRow
                run={item.run}
                now={now}
                commands={commands}
                trans={trans}
              />
            ) : (
              <SectionHead
                title={groupTitle(item.group, trans)}
                count={item.count}
                open={!closed.has(item.group)}
                onToggle={() => toggle(item.group)}
              />
            )
          }
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

function listed(groups: IRunGroups, closed: ReadonlySet<Group>): Item[] {
  const order: Group[] = ['left', 'present', 'ended'];
  return order
    .filter(group => groups[group].length > 0)
    .flatMap(group => [
      { group, count: groups[group].length },
      ...(closed.has(group) ? [] : groups[group].map(run => ({ run })))
    ]);
}

function fits(text: string): (run: IRun) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return run => {
    const where = [run.display_name, run.kernel, run.job, run.node, run.state]
      .join(' ')
      .toLowerCase();
    return words.every(word => where.includes(word));
  };
}

function groupTitle(group: Group, trans: TranslationBundle): string {
  switch (group) {
    case 'present':
      return trans.__('Waiting and running');
    case 'left':
      return trans.__('Left by a former server');
    case 'ended':
      return trans.__('Ended');
  }
}

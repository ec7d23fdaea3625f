import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, addIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useMemo, useRef, useState } from 'react';

import { openMenu } from '../components/actionmenu';
import { useSignal } from '../components/hooks';
import { ToolButton } from '../components/toolbutton';
import { SearchBox } from '../components/searchbox';
import { SectionHead } from '../components/section';
import {
  EmptyState,
  ErrorState,
  Loading,
  StaleNotice
} from '../components/states';
import { TaskList } from '../components/tasks';
import {
  VirtualList,
  type IVirtualListHandle
} from '../components/virtuallist';
import { sidebarIcon } from '../icons';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import {
  groupKernels,
  linesOf,
  searchKernels,
  type GroupBy,
  type Line
} from './groups';
import { KernelRow, entriesFor } from './row';

/** Heights before they are measured, in pixels. */
const HEAD_HEIGHT = 28;
const ROW_HEIGHT = 54;

export interface IKernelsViewProps {
  model: IKernelkitModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** The URL of a kernel's picture. */
  logoOf: (name: string) => string | undefined;
  groupBy: GroupBy;
  onGroupBy: (by: GroupBy) => void;
  onError: (error: unknown) => void;
}

export function KernelsView(props: IKernelsViewProps): JSX.Element {
  const { model, commands, trans, groupBy, onGroupBy } = props;
  const { kernels } = model;
  useSignal(kernels.changed);
  useSignal(model.status.changed);
  const [query, setQuery] = useState('');
  const list = useRef<IVirtualListHandle>(null);

  return (
    <div className="kk-Panel">
      <div className="kk-Panel-tools">
        <SearchBox
          label={trans.__('Search kernels')}
          value={query}
          onChange={setQuery}
          onLeave={() => list.current?.focus()}
        />
        {commands.hasCommand(CommandIDs.createKernel) && (
          <ToolButton
            icon={addIcon}
            label={trans.__('Create a kernel')}
            onClick={() => void commands.execute(CommandIDs.createKernel)}
          />
        )}
        <ToolButton
          icon={refreshIcon}
          label={trans.__('Refresh')}
          onClick={() => void model.refresh()}
        />
      </div>
      <div className="kk-Panel-filter">
        <HTMLSelect
          aria-label={trans.__('Group kernels by')}
          value={groupBy}
          onChange={event => onGroupBy(event.target.value as GroupBy)}
          options={[
            { value: 'state', label: trans.__('Grouped by state') },
            { value: 'software', label: trans.__('Grouped by software') },
            { value: 'none', label: trans.__('Not grouped') }
          ]}
        />
      </div>
      <StaleNotice resource={kernels} trans={trans} />
      <FirstRun {...props} />
      <KernelList {...props} query={query} list={list} />
      <TaskList model={model} trans={trans} onError={props.onError} />
    </div>
  );
}

/** Where a user begins who has made nothing yet. */
function FirstRun(props: IKernelsViewProps): JSX.Element | null {
  const { model, commands, trans } = props;
  const none = !model.kernels.data?.some(kernel => kernel.managed);
  if (!model.status.data?.first_run || !model.kernels.data || !none) {
    return null;
  }
  const actions = [
    {
      label: trans.__('Browse the catalog'),
      run: () => void commands.execute(CommandIDs.showCatalog)
    }
  ];
  if (commands.hasCommand(CommandIDs.createKernel)) {
    actions.push({
      label: trans.__('Create a kernel'),
      run: () => void commands.execute(CommandIDs.createKernel)
    });
  }
  return (
    <div className="kk-Hint">
      <EmptyState
        icon={sidebarIcon}
        title={trans.__('Make your first kernel')}
        text={trans.__(
          'A kernel can be made of modules, a container image or an environment. The catalog lists what this machine has.'
        )}
        actions={actions}
      />
    </div>
  );
}

interface IKernelListProps extends IKernelsViewProps {
  query: string;
  list: React.Ref<IVirtualListHandle>;
}

function KernelList(props: IKernelListProps): JSX.Element {
  const { model, commands, trans, logoOf, groupBy, query, list } = props;
  const { data, error } = model.kernels;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const found = useMemo(() => searchKernels(data ?? [], query), [data, query]);
  const lines = useMemo(() => {
    const groups = groupKernels(found, groupBy, trans);
    return linesOf(groups, closed, query !== '');
  }, [found, groupBy, closed, query, trans]);

  if (data === null) {
    return error ? (
      <ErrorState
        error={error}
        onRetry={() => void model.refresh()}
        trans={trans}
      />
    ) : (
      <Loading label={trans.__('Reading the kernels…')} />
    );
  }
  if (lines.length === 0) {
    return (
      <EmptyState
        title={trans.__('No kernel matches “%1”', query)}
        text={trans.__('What is not installed yet stands in the catalog.')}
        actions={[
          {
            label: trans.__('Browse the catalog'),
            run: () => void commands.execute(CommandIDs.showCatalog)
          }
        ]}
      />
    );
  }
  return (
    <>
      <p className="kk-sr-only" role="status">
        {trans._n('%1 kernel', '%1 kernels', found.length)}
      </p>
      <VirtualList
        label={trans.__('Kernels')}
        handle={list}
        items={lines}
        keyOf={line => line.key}
        estimate={line => (line.kind === 'head' ? HEAD_HEIGHT : ROW_HEIGHT)}
        onMenu={(line, x, y) => menuOf(line, commands, x, y)}
        render={line =>
          line.kind === 'head' ? (
            <SectionHead
              title={line.group.title}
              count={line.group.kernels.length}
              open={line.open}
              onToggle={() => setClosed(toggled(closed, line.group.id))}
            />
          ) : (
            <KernelRow
              kernel={line.kernel}
              logo={line.kernel.logo ? logoOf(line.kernel.name) : undefined}
              open={opened.has(line.key)}
              onToggle={() => setOpened(toggled(opened, line.key))}
              commands={commands}
              trans={trans}
            />
          )
        }
      />
    </>
  );
}

function menuOf(
  line: Line,
  commands: CommandRegistry,
  x: number,
  y: number
): void {
  if (line.kind === 'kernel') {
    const args = { kernel: line.kernel.name };
    openMenu(commands, entriesFor(line.kernel), args, x, y);
  }
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const changed = new Set(set);
  if (!changed.delete(key)) {
    changed.add(key);
  }
  return changed;
}

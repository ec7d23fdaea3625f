import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect, useRef, useState } from 'react';

import type { ITask, OfferKind } from '../api';
import { openMenu } from '../components/actionmenu';
import { useSettled, useSignal } from '../components/hooks';
import { SearchBox } from '../components/searchbox';
import {
  EmptyState,
  ErrorState,
  Loading,
  Problems,
  StaleNotice
} from '../components/states';
import { TaskList } from '../components/tasks';
import { ToolButton } from '../components/toolbutton';
import {
  VirtualList,
  type IVirtualListHandle
} from '../components/virtuallist';
import { offerKind } from '../format';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import type { CatalogModel } from './model';
import { OfferRow, argsOf, entriesFor } from './row';

/** The height of a row before it is measured, in pixels. */
const ROW_HEIGHT = 84;

/** How long typing rests before the server is asked, ms. */
const TYPING = 150;

const KINDS: OfferKind[] = [
  'recipe',
  'module',
  'image',
  'conda',
  'venv',
  'kernelspec'
];

export interface ICatalogViewProps {
  model: IKernelkitModel;
  catalog: CatalogModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** The install of an offer that goes on. */
  taskOf: (identity: string) => ITask | undefined;
  onError: (error: unknown) => void;
}

export function CatalogView(props: ICatalogViewProps): JSX.Element {
  const { model, catalog, trans } = props;
  useSignal(catalog.changed);
  const [query, setQuery] = useState('');
  const [kind, setKind] = useState<OfferKind | ''>('');
  const list = useRef<IVirtualListHandle>(null);
  const settled = useSettled(query.trim(), TYPING);

  useEffect(() => {
    void catalog.search(settled, kind);
  }, [catalog, settled, kind]);
  useEffect(() => {
    // Marks of what is installed.
    const renew = () => void catalog.refresh();
    model.kernelsChanged.connect(renew);
    return () => {
      model.kernelsChanged.disconnect(renew);
    };
  }, [model, catalog]);

  return (
    <div className="kk-Panel">
      <div className="kk-Panel-tools">
        <SearchBox
          label={trans.__('Search the catalog')}
          value={query}
          onChange={setQuery}
          onLeave={() => list.current?.focus()}
        />
        <ToolButton
          icon={refreshIcon}
          label={trans.__('Read modules, images and environments anew')}
          onClick={() => void catalog.renew()}
        />
      </div>
      <div className="kk-Panel-filter">
        <KindFilter {...props} kind={kind} onKind={setKind} />
      </div>
      <StaleNotice resource={catalog} trans={trans} />
      <Problems problems={catalog.data?.problems ?? []} />
      <OfferList {...props} query={query} list={list} />
      <TaskList model={model} trans={trans} onError={props.onError} />
    </div>
  );
}

interface IKindFilterProps extends ICatalogViewProps {
  kind: OfferKind | '';
  onKind: (kind: OfferKind | '') => void;
}

function KindFilter(props: IKindFilterProps): JSX.Element {
  const { catalog, kind, onKind, trans } = props;
  const counts = catalog.data?.counts ?? {};
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const options = KINDS.filter(one => counts[one] || one === kind).map(one => ({
    value: one as string,
    label: `${offerKind(one, trans)} (${counts[one] ?? 0})`
  }));
  return (
    <HTMLSelect
      aria-label={trans.__('Kinds')}
      value={kind}
      onChange={event => onKind(event.target.value as OfferKind | '')}
      options={[
        { value: '', label: trans.__('Everything (%1)', all) },
        ...options
      ]}
    />
  );
}

interface IOfferListProps extends ICatalogViewProps {
  query: string;
  list: React.Ref<IVirtualListHandle>;
}

function OfferList(props: IOfferListProps): JSX.Element {
  const { model, catalog, commands, trans, taskOf, query, list } = props;
  const { data, error } = catalog;
  const [opened, setOpened] = useState('');
  useSignal(model.tasksChanged);
  // Whether Slurm is there decides what can be done with an offer.
  useSignal(model.status.changed);

  if (data === null) {
    return error ? (
      <ErrorState
        error={error}
        onRetry={() => void catalog.refresh()}
        trans={trans}
      />
    ) : (
      <Loading label={trans.__('Reading the catalog…')} />
    );
  }
  if (data.items.length === 0 && !data.reading) {
    return (
      <EmptyState
        title={
          query
            ? trans.__('Nothing matches “%1”', query)
            : trans.__('Nothing of this kind is here')
        }
        text={trans.__(
          'All words must occur in the name or the description. A kernel can also be made from any image, environment or interpreter that you may read.'
        )}
        actions={
          commands.hasCommand(CommandIDs.createKernel)
            ? [
                {
                  label: trans.__('Create a kernel'),
                  run: () => void commands.execute(CommandIDs.createKernel)
                }
              ]
            : []
        }
      />
    );
  }
  return (
    <>
      <p className="kk-sr-only" role="status">
        {trans._n('%1 offer', '%1 offers', data.total)}
      </p>
      {data.reading && (
        <Loading label={trans.__('The modules are being read…')} />
      )}
      <VirtualList
        label={trans.__('Catalog')}
        handle={list}
        items={data.items}
        total={data.total}
        keyOf={offer => `${offer.kind} ${offer.identity}`}
        estimate={() => ROW_HEIGHT}
        onEnd={() => void catalog.more()}
        onMenu={(offer, x, y) =>
          openMenu(commands, entriesFor(offer), argsOf(offer), x, y)
        }
        render={offer => (
          <OfferRow
            offer={offer}
            task={taskOf(offer.identity)}
            open={opened === offer.identity}
            onToggle={() =>
              setOpened(opened === offer.identity ? '' : offer.identity)
            }
            api={model.api}
            commands={commands}
            trans={trans}
          />
        )}
      />
    </>
  );
}

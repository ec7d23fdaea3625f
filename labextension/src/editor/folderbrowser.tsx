/** The server's folders, to find an image, an environment or a folder. */
import {
  fileIcon,
  folderIcon,
  pythonIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';

import type { ApiError, IFolder } from '../api';
import { EmptyState, ErrorState, Loading } from '../components/states';
import { VirtualList } from '../components/virtuallist';
import { useForm } from './context';
import { asApiError } from './errors';
import { Latest } from './latest';

export type EntryKind = IFolder['entries'][number]['kind'];

/** What is looked for. */
export type Wanted = EntryKind | 'any';

export interface IFolderBrowserProps {
  wanted: Wanted;
  start: string;
  onChoose: (path: string) => void;
  onClose: () => void;
}

const ROW_HEIGHT = 30;

export function FolderBrowser(props: IFolderBrowserProps): JSX.Element {
  const { model, trans } = useForm();
  const { wanted, onChoose, onClose } = props;
  const [path, setPath] = useState(props.start || '~');
  const [folder, setFolder] = useState<IFolder | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const root = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const asked = document.activeElement;
    const latest = new Latest({
      work: () => model.api.folders(path),
      answered: answer => {
        setFolder(answer);
        setError(null);
        // The rows are others now; the path says where one is. Who has gone on
        // elsewhere meanwhile, to type perhaps, stays there.
        const active = document.activeElement;
        if (
          active === asked ||
          active === document.body ||
          root.current?.contains(active)
        ) {
          root.current?.querySelector<HTMLElement>('.kk-Folders-path')?.focus();
        }
      },
      failed: reason => setError(asApiError(reason)),
      delay: 0
    });
    latest.ask();
    return () => latest.cancel();
  }, [path, model.api]);

  const entries =
    folder?.entries.filter(
      ({ kind }) => wanted === 'any' || kind === wanted || isFolder(kind)
    ) ?? [];
  const within = (name: string) =>
    `${folder?.path === '/' ? '' : folder?.path}/${name}`;
  return (
    <div
      className="kk-Folders"
      role="group"
      aria-label={trans.__('Folders of the server')}
      ref={root}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <div className="kk-Folders-head">
        <span className="kk-Folders-path" tabIndex={-1}>
          {folder?.path ?? path}
        </span>
        {folder && (wanted === 'folder' || wanted === 'image') && (
          <button
            type="button"
            className="jp-mod-styled kk-Button"
            onClick={() => onChoose(folder.path)}
          >
            {trans.__('Choose this folder')}
          </button>
        )}
      </div>
      {error && (
        <ErrorState error={error} onRetry={() => setPath('~')} trans={trans} />
      )}
      {!folder && !error && <Loading label={trans.__('Reading the folder…')} />}
      {folder && (
        <>
          {folder.parent !== null && (
            <button
              type="button"
              className="kk-LinkButton"
              onClick={() => setPath(folder.parent ?? '/')}
            >
              {trans.__('One folder up')}
            </button>
          )}
          {entries.length === 0 ? (
            <EmptyState title={trans.__('Nothing to choose here.')} />
          ) : (
            <div className="kk-Folders-list">
              <VirtualList
                label={folder.path}
                items={entries}
                keyOf={entry => `${folder.path}/${entry.name}`}
                estimate={() => ROW_HEIGHT}
                render={({ name, kind }) => (
                  <EntryRow
                    name={name}
                    kind={kind}
                    choosable={kind === wanted && kind !== 'folder'}
                    onOpen={
                      isFolder(kind) ? () => setPath(within(name)) : undefined
                    }
                    onChoose={() => onChoose(within(name))}
                  />
                )}
              />
            </div>
          )}
          {folder.truncated && (
            <p>
              {trans.__('There is more here than is listed: type the path.')}
            </p>
          )}
        </>
      )}
    </div>
  );
}

function isFolder(kind: EntryKind): boolean {
  return kind === 'folder' || kind === 'venv' || kind === 'conda';
}

const ICONS: Record<EntryKind, LabIcon> = {
  folder: folderIcon,
  image: fileIcon,
  venv: pythonIcon,
  conda: pythonIcon,
  interpreter: pythonIcon,
  recipe: fileIcon
};

function EntryRow(props: {
  name: string;
  kind: EntryKind;
  choosable: boolean;
  onOpen?: () => void;
  onChoose: () => void;
}): JSX.Element {
  const { trans } = useForm();
  const { name, kind, choosable, onOpen, onChoose } = props;
  const Icon = ICONS[kind];
  return (
    <div className="kk-Folders-row">
      <button
        type="button"
        className="kk-Folders-entry"
        data-kk-stop
        tabIndex={-1}
        onClick={choosable ? onChoose : onOpen}
      >
        <Icon.react tag="span" aria-hidden="true" />
        {name}
        {choosable && (
          <span className="kk-OfferRow-mark">{trans.__('choose')}</span>
        )}
      </button>
      {choosable && onOpen && (
        <button
          type="button"
          className="kk-LinkButton"
          data-kk-stop
          tabIndex={-1}
          aria-label={trans.__('Open the folder %1', name)}
          onClick={onOpen}
        >
          {trans.__('open')}
        </button>
      )}
    </div>
  );
}

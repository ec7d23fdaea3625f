import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon } from '@jupyterlab/ui-components';
import React, { useCallback, useEffect, useRef, useState } from 'react';

import { ApiError, type IPackages, type IPackagesChange } from '../api';
import { useSignal } from '../components/hooks';
import { ErrorState, Loading, Problems } from '../components/states';
import { TaskSteps } from '../components/tasks';
import { ToolButton } from '../components/toolbutton';
import type { IKernelkitModel } from '../tokens';

export interface IPackagesBodyProps {
  model: IKernelkitModel;
  kernel: string;
  trans: TranslationBundle;
}

/** What a kernel has on top of its environment, and how to change that. */
export function PackagesBody(props: IPackagesBodyProps): JSX.Element {
  const { model, kernel, trans } = props;
  const [packages, setPackages] = useState<IPackages | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [wanted, setWanted] = useState('');
  const asking = useRef(false);
  const [taskId, setTaskId] = useState<string | null>(null);
  useSignal(model.tasksChanged);
  const task = model.tasks.find(other => other.id === taskId);
  const busy = task?.state === 'running';

  const read = useCallback(async () => {
    try {
      setPackages(await model.api.packages(kernel));
      setError(null);
    } catch (refused) {
      setError(ApiError.of(refused));
    }
  }, [model, kernel]);
  useEffect(() => {
    void read();
  }, [read]);

  const change = async (what: IPackagesChange) => {
    // A second click; a button that was disabled or gone for a moment would
    // have lost the focus.
    if (asking.current) {
      return;
    }
    asking.current = true;
    try {
      const begin = () => model.api.changePackages(kernel, what);
      const { id } = await model
        .begin(begin)
        .finally(() => (asking.current = false));
      setTaskId(id);
      setError(null);
      const end = await model.finished(id);
      if (end.state === 'done') {
        setWanted('');
      }
      await read();
    } catch (refused) {
      setError(ApiError.of(refused));
    }
  };
  const install = (event: React.FormEvent) => {
    event.preventDefault();
    const requirements = wanted.split(/\s+/).filter(Boolean);
    if (requirements.length > 0 && !busy) {
      void change({ install: requirements });
    }
  };

  return (
    <div className="kk-Packages">
      <form onSubmit={install} className="kk-Packages-form">
        <input
          className="jp-mod-styled"
          aria-label={trans.__('Packages to install')}
          placeholder={trans.__('Packages to install, as for pip')}
          spellCheck={false}
          value={wanted}
          onChange={event => setWanted(event.target.value)}
        />
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={busy || !wanted.trim()}
        >
          {trans.__('Install')}
        </button>
      </form>
      {error && (
        <ErrorState error={error} onRetry={() => void read()} trans={trans} />
      )}
      {task && task.state !== 'done' && (
        <div role="status">
          <TaskSteps task={task} trans={trans} />
        </div>
      )}
      {packages ? (
        <>
          <Problems problems={packages.problems} />
          <PackageTable
            packages={packages}
            busy={busy}
            trans={trans}
            onRemove={name => void change({ uninstall: [name] })}
          />
          <button
            type="button"
            className="kk-LinkButton"
            disabled={busy}
            onClick={() => void change({ rollback: true })}
          >
            {trans.__('Rollback of the last change')}
          </button>
        </>
      ) : (
        !error && <Loading label={trans.__('Reading the packages…')} />
      )}
    </div>
  );
}

interface IPackageTableProps {
  packages: IPackages;
  busy: boolean;
  trans: TranslationBundle;
  onRemove: (name: string) => void;
}

function PackageTable(props: IPackageTableProps): JSX.Element {
  const { packages, busy, trans, onRemove } = props;
  if (packages.distributions.length === 0) {
    return (
      <p>
        {trans.__(
          'Nothing is installed on top yet. What you install here is seen by this kernel only.'
        )}
      </p>
    );
  }
  return (
    <ul
      className="kk-Packages-list"
      aria-label={trans.__('Installed packages')}
      title={packages.dir ?? undefined}
    >
      {packages.distributions.map(({ name, version }) => (
        <li key={name}>
          <span>{name}</span>
          <span className="kk-Fine">{version}</span>
          {!busy && (
            <ToolButton
              icon={deleteIcon}
              label={trans.__('Uninstall %1', name)}
              onClick={() => onRemove(name)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

/** Asks which kernel is to join a job, and which of the job's GPUs it gets. */
import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ApiError, IKernel } from '../api';
import { askUntilTaken } from '../components/askuntil';

export interface IJoining {
  kernel: string;
  /** Positions among the job's GPUs; empty for all of them. */
  gpus: string;
  type: 'notebook' | 'console';
}

/** The job to join, and where it has a kernel, which, with what of it. */
export interface IJoined {
  job: string;
  gres: string;
  kernel?: string;
  display_name?: string;
  gpus?: string;
}

export interface IAskJoiningOptions {
  into: IJoined;
  /** Those that can run in a job. */
  kernels: IKernel[];
  trans: TranslationBundle;
  /** Rejects with what the dialog then tells; what was chosen is kept. */
  join: (joining: IJoining) => Promise<void>;
}

export function askJoining(options: IAskJoiningOptions): Promise<void> {
  const { into, kernels, trans, join } = options;
  const same = kernels.find(kernel => kernel.name === into.kernel);
  return askUntilTaken({
    title: trans.__('Open a kernel in job %1', into.job),
    accept: trans.__('Open'),
    value: { kernel: (same ?? kernels[0]).name, gpus: '', type: 'notebook' },
    body: (value, error) => new JoinBody(value, error, options),
    focus: 'select',
    save: join
  });
}

class JoinBody extends ReactWidget implements Dialog.IBodyWidget<IJoining> {
  constructor(
    private _joining: IJoining,
    private readonly _error: ApiError | null,
    private readonly _options: IAskJoiningOptions
  ) {
    super();
    this.addClass('kk-NamesBody');
  }

  getValue(): IJoining {
    return this._joining;
  }

  protected override render(): JSX.Element {
    const { into, kernels, trans } = this._options;
    const put = (change: Partial<IJoining>) => {
      this._joining = { ...this._joining, ...change };
    };
    return (
      <>
        <p>
          {trans.__('It shares the node, CPUs, memory and GPUs of that job.')}
        </p>
        <label>
          {trans.__('Kernel')}
          <HTMLSelect
            defaultValue={this._joining.kernel}
            onChange={event => put({ kernel: event.target.value })}
          >
            {kernels.map(({ name, display_name }) => (
              <option key={name} value={name}>
                {`${display_name} (${name})`}
              </option>
            ))}
          </HTMLSelect>
        </label>
        <label>
          {trans.__('Use it in')}
          <HTMLSelect
            defaultValue={this._joining.type}
            onChange={event =>
              put({ type: event.target.value as IJoining['type'] })
            }
          >
            <option value="notebook">{trans.__('a new notebook')}</option>
            <option value="console">{trans.__('a new console')}</option>
          </HTMLSelect>
        </label>
        {into.gres.includes('gpu') && (
          <>
            <label>
              {trans.__('Only these of its GPUs')}
              <input
                className="jp-mod-styled"
                aria-describedby="kk-JoinBody-hint"
                spellCheck={false}
                defaultValue={this._joining.gpus}
                onChange={event => put({ gpus: event.target.value.trim() })}
              />
            </label>
            <p id="kk-JoinBody-hint" className="kk-Fine">
              {trans.__(
                'Positions such as 0 or 0,1; all of them if left empty.'
              )}
              {into.gpus &&
                ` ${trans.__('%1 has %2.', into.display_name ?? '', into.gpus)}`}
            </p>
          </>
        )}
        {this._error && (
          <p role="alert" className="kk-FieldError">
            {this._error.message} {this._error.hint}
          </p>
        )}
      </>
    );
  }
}

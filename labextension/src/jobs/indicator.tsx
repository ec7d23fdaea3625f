/** The state of a kernel's job, in the notebook's toolbar and the status bar. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal, type ISignal } from '@lumino/signaling';
import React from 'react';

import type { IRun } from '../api';
import { useNow, useSignal } from '../components/hooks';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import {
  leftWords,
  placeWords,
  reasonWords,
  runOf,
  secondsLeft,
  serverNow,
  stateWords,
  timeTone
} from './runs';

/** Milliseconds between two drawings of the time that is left. */
const TICK = 5000;

export interface IIndicatorOptions {
  model: IKernelkitModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** In a toolbar there is room for the state; a status bar names the job. */
  long?: boolean;
}

/** Shows the job of the session it is given; nothing for a local kernel. */
export class JobIndicator extends ReactWidget {
  constructor(private readonly _options: IIndicatorOptions) {
    super();
    this.addClass('kk-JobIndicator');
    _options.model.jobs.changed.connect(this._look, this);
  }

  get session(): ISessionContext | null {
    return this._session;
  }

  set session(session: ISessionContext | null) {
    if (session === this._session) {
      return;
    }
    this._session?.kernelChanged.disconnect(this._look, this);
    this._session = session;
    session?.kernelChanged.connect(this._look, this);
    this._look();
  }

  /** The run of the session's kernel. */
  get run(): IRun | null {
    const { model } = this._options;
    return runOf(model.jobs.data, this._session?.session?.kernel?.id);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  override dispose(): void {
    this.session = null;
    this._options.model.jobs.changed.disconnect(this._look, this);
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): JSX.Element {
    return <Job indicator={this} {...this._options} />;
  }

  private _look(): void {
    this._changed.emit();
  }

  private _session: ISessionContext | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

interface IJobProps extends IIndicatorOptions {
  indicator: JobIndicator;
}

function Job(props: IJobProps): JSX.Element | null {
  const { indicator, model, commands, trans, long } = props;
  useSignal(indicator.changed);
  useNow(TICK);
  const { run } = indicator;
  if (!run) {
    return null;
  }
  const now = serverNow(model.jobs);
  const parts = [
    long && run.job ? trans.__('Job %1', run.job) : '',
    stateWords(run, now, trans),
    run.state === 'running' ? placeWords(run, trans) : '',
    leftWords(run, now, trans)
  ];
  const words = parts.filter(Boolean).join(' · ');
  const stale = model.jobs.stale
    ? trans.__('The server does not answer: this is what was last known.')
    : '';
  const why = [reasonWords(run, now, trans), stale].filter(Boolean).join(' ');
  const tone = timeTone(secondsLeft(run, now));
  return (
    <button
      type="button"
      className={`kk-JobIndicator-button kk-mod-${tone}`}
      title={why || words}
      onClick={() => void commands.execute(CommandIDs.showJobs)}
    >
      {words}
      {stale && ' ?'}
    </button>
  );
}

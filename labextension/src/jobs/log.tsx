/** The log of a run, followed while it lives. */
import { Clipboard, MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  ReactWidget,
  ToolbarButton,
  copyIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Poll } from '@lumino/polling';
import React, { useLayoutEffect, useRef } from 'react';

import type { IKernelkitApi, IRunLog } from '../api';
import { useSignal } from '../components/hooks';
import { EmptyState, ErrorState, Loading } from '../components/states';
import { jobsIcon } from '../icons';
import { Resource } from '../resource';

/** Milliseconds between two looks at a log that grows. */
const INTERVAL = 2000;

/** How far from its end, in pixels, a view still follows the log. */
const AT_END = 24;

/** The run whose log it is. */
export interface ILogged {
  run: string;
  job: string;
  display_name: string;
}

export class RunLog extends ReactWidget {
  constructor(
    run: ILogged,
    api: IKernelkitApi,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('kk-RunLog');
    this.log = new Resource(() => api.runLog(run.run));
    this._poll = new Poll({
      auto: false,
      factory: () => this._look(),
      frequency: { interval: INTERVAL, backoff: true, max: 30_000 },
      standby: () => !this.isVisible || document.hidden,
      name: `kernelkit:log:${run.run}`
    });
  }

  readonly log: Resource<IRunLog>;

  override dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    void this._poll.start();
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('pre')?.focus();
  }

  protected override render(): JSX.Element {
    return <LogView log={this.log} trans={this._trans} />;
  }

  private async _look(): Promise<void> {
    await this.log.refresh();
    if (this.log.error) {
      throw this.log.error;
    }
    if (this.log.data?.phase === 'ended') {
      void this._poll.stop();
    }
  }

  private readonly _poll: Poll<void>;
}

export interface ILogViewProps {
  log: Resource<IRunLog>;
  trans: TranslationBundle;
}

export function LogView({ log, trans }: ILogViewProps): JSX.Element {
  useSignal(log.changed);
  const text = log.data?.text ?? '';
  const view = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (view.current && follows.current) {
      view.current.scrollTop = view.current.scrollHeight;
    }
  }, [text]);
  const onScroll = (event: React.UIEvent<HTMLPreElement>) => {
    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
    follows.current = scrollHeight - scrollTop - clientHeight < AT_END;
  };
  if (!log.data) {
    return log.error ? (
      <ErrorState
        error={log.error}
        trans={trans}
        onRetry={() => void log.refresh()}
      />
    ) : (
      <Loading label={trans.__('Reading the log…')} />
    );
  }
  return (
    <>
      {log.error && (
        <ErrorState
          error={log.error}
          trans={trans}
          onRetry={() => void log.refresh()}
        />
      )}
      {log.data.truncated && (
        <p className="kk-RunLog-cut">{trans.__('The end of the log:')}</p>
      )}
      {text ? (
        <pre
          className="kk-RunLog-text"
          ref={view}
          tabIndex={0}
          aria-label={trans.__('Log')}
          onScroll={onScroll}
        >
          {text}
        </pre>
      ) : (
        <EmptyState
          title={trans.__('The log is empty.')}
          text={trans.__('The kernel writes to it from the moment it starts.')}
        />
      )}
    </>
  );
}

/** The log in the main area, with its toolbar. */
export function logWidget(
  run: ILogged,
  api: IKernelkitApi,
  trans: TranslationBundle
): MainAreaWidget<RunLog> {
  const content = new RunLog(run, api, trans);
  const widget = new MainAreaWidget({ content });
  widget.id = logId(run);
  widget.title.label = trans.__('Log of %1', run.display_name);
  widget.title.caption = trans.__('Job %1, run %2', run.job, run.run);
  widget.title.icon = jobsIcon;
  widget.toolbar.node.setAttribute('aria-label', trans.__('Log'));
  widget.toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Read the log again'),
      onClick: () => void content.log.refresh()
    })
  );
  widget.toolbar.addItem(
    'copy',
    new ToolbarButton({
      icon: copyIcon,
      tooltip: trans.__('Copy the log'),
      onClick: () => Clipboard.copyToSystem(content.log.data?.text ?? '')
    })
  );
  return widget;
}

export function logId(run: ILogged): string {
  return `kernelkit-log-${run.run}`;
}

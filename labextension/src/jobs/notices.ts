/** Notifications of runs: waiting, started, soon over, ended. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IRun } from '../api';
import { moment } from '../format';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import {
  endWords,
  endedAsAsked,
  reasonWords,
  serverNow,
  titleOf
} from './runs';

/** Milliseconds that good news stays on screen. */
const SHORT = 5000;

/** Milliseconds in which JupyterLab has certainly drawn a new toast. */
const DRAWN = 1500;

interface INotice {
  message: string;
  type: Notification.TypeOptions;
  options: Notification.IOptions<null>;
}

/** One notification a run, changed as the run changes. */
export class RunNotices {
  constructor(
    private readonly _model: IKernelkitModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    _model.jobs.changed.connect(this._look, this);
    this._look();
  }

  private _look(): void {
    for (const run of this._model.jobs.data?.runs ?? []) {
      if (run.mine || this._shown.has(run.run)) {
        this._follow(run);
      }
    }
  }

  private _follow(run: IRun): void {
    const key = [run.state, run.warning, run.reason, run.expected_start].join();
    const known = this._keys.has(run.run);
    if (this._keys.get(run.run) === key) {
      return;
    }
    this._keys.set(run.run, key);
    if (!known && !isNews(run)) {
      // It ran, or had ended, before this page was opened.
      return;
    }
    const notice = this._noticeOf(run);
    if (notice) {
      this._tell(run, notice);
    }
  }

  private _tell(run: IRun, notice: INotice): void {
    const id = this._shown.get(run.run);
    const { message, type, options } = notice;
    const told = this._told.get(run.run);
    // A dismissed one stays so until the state itself is another. Good news
    // closes by itself, and what is told in a toast that closes is lost.
    if (id && told !== 'success' && Notification.manager.has(id)) {
      const update = { id, message, type, ...options };
      Notification.update(update);
      if (this._drawing.has(id)) {
        this._drawing.set(id, update);
      }
    } else if (!id || told !== type) {
      if (id) {
        Notification.dismiss(id);
      }
      const added = Notification.emit(message, type, options);
      this._shown.set(run.run, added);
      this._repeatWhenDrawn(added);
    }
    this._told.set(run.run, type);
  }

  /** JupyterLab loses an update of a toast that it is still drawing. */
  private _repeatWhenDrawn(id: string): void {
    this._drawing.set(id, null);
    window.setTimeout(() => {
      const update = this._drawing.get(id);
      this._drawing.delete(id);
      if (update && Notification.manager.has(id)) {
        Notification.update(update);
      }
    }, DRAWN);
  }

  private _noticeOf(run: IRun): INotice | null {
    const trans = this._trans;
    const now = serverNow(this._model.jobs);
    const name = titleOf(run);
    switch (run.state) {
      case 'new':
      case 'queued':
      case 'starting':
        return {
          message: `${name}: ${reasonWords(run, now, trans)}`,
          type: 'in-progress',
          options: {
            autoClose: false,
            actions: [
              this._action(
                trans.__('Cancel'),
                CommandIDs.cancelRun,
                run,
                'warn'
              )
            ]
          }
        };
      case 'running':
        return run.warning ? this._warning(run, now) : this._started(run);
      case 'ended':
        return this._ended(run);
      default:
        return null;
    }
  }

  private _started(run: IRun): INotice | null {
    if (!this._shown.has(run.run)) {
      return null;
    }
    const name = titleOf(run);
    return {
      message: this._trans.__('%1 runs on %2.', name, run.node),
      type: 'success',
      options: { autoClose: SHORT, actions: [] }
    };
  }

  private _warning(run: IRun, now: number): INotice {
    const trans = this._trans;
    const name = titleOf(run);
    return {
      message: trans.__(
        '%1: the time limit of its job is reached at %2; its variables are lost then.',
        name,
        // A time of day stays true for as long as this is on screen.
        moment(run.ends ?? now, now)
      ),
      type: 'warning',
      options: {
        autoClose: false,
        actions: [this._moreTime(run)]
      }
    };
  }

  private _ended(run: IRun): INotice | null {
    const trans = this._trans;
    const id = this._shown.get(run.run);
    if (!run.end || endedAsAsked(run)) {
      // No news, and what was told of it is over.
      if (id) {
        Notification.dismiss(id);
      }
      return null;
    }
    const name = titleOf(run);
    const log = this._action(trans.__('Show log'), CommandIDs.runLog, run);
    return {
      message: `${name}: ${endWords(run.end)}`,
      type: 'error',
      options: {
        autoClose: false,
        actions: run.end.code === 'TIMEOUT' ? [this._moreTime(run), log] : [log]
      }
    };
  }

  private _moreTime(run: IRun): Notification.IAction {
    const label = this._trans.__('Restart with more time');
    return this._action(label, CommandIDs.moreTime, run, 'accent');
  }

  private _action(
    label: string,
    command: string,
    run: IRun,
    displayType: Notification.ActionDisplayType = 'default'
  ): Notification.IAction {
    return {
      label,
      displayType,
      callback: event => {
        // The notice tells what comes of it.
        event.preventDefault();
        void this._commands.execute(command, { run: run.run });
      }
    };
  }

  /** What was last seen of a run, to tell changes from repetitions. */
  private readonly _keys = new Map<string, string>();
  /** The notification of a run, and the type in which it was last told. */
  private readonly _shown = new Map<string, string>();
  private readonly _told = new Map<string, Notification.TypeOptions>();
  /** The last update of each notification whose toast may not stand yet. */
  private readonly _drawing = new Map<
    string,
    Notification.IUpdate<null> | null
  >();
}

/** Whether a run that is seen for the first time is worth telling of. */
function isNews(run: IRun): boolean {
  const waits = run.state === 'queued' || run.state === 'new';
  return waits || run.state === 'starting' || run.warning !== '';
}

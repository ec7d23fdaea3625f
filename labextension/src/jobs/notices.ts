/** Notifications of runs: waiting, started, soon over, ended. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IRun, IRunEnd } from '../api';
import { moment } from '../format';
import { cut, shortName, toast } from '../toasts';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import {
  endWords,
  endedAsAsked,
  reasonWords,
  serverNow,
  titleOf,
  unknownWords
} from './runs';

/** Milliseconds that good news stays on screen. */
const SHORT = 5000;

/** Milliseconds in which JupyterLab has certainly drawn a new toast. */
const DRAWN = 1500;

/** Seconds for which an end is news to a page that did not see the run. */
const RECENT = 300;

/** Characters that a list of nodes may have. */
const NODE_ROOM = 80;

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
    const runs = this._model.jobs.data?.runs ?? [];
    for (const run of runs) {
      // One that has ended is nobody's; those of other servers have no serial.
      const hasEnded = run.state === 'ended' && run.serial > 0;
      if (run.mine || hasEnded || this._shown.has(run.run)) {
        this._follow(run);
      }
    }
    this._takeBack(new Set(runs.map(({ run }) => run)));
  }

  /** What left the list has ended unheard; how a run ended stays true. */
  private _takeBack(listed: ReadonlySet<string>): void {
    for (const [run, id] of this._shown) {
      if (!listed.has(run) && this._told.get(run) !== 'ended') {
        Notification.dismiss(id);
        this._shown.delete(run);
        this._told.delete(run);
        this._keys.delete(run);
      }
    }
  }

  private _follow(run: IRun): void {
    const { state, warning, reason, expected_start, unknown_since } = run;
    const key = [state, warning, reason, expected_start, unknown_since].join();
    const known = this._keys.has(run.run);
    if (this._keys.get(run.run) === key) {
      return;
    }
    this._keys.set(run.run, key);
    if (!known && !this._isNews(run)) {
      // It ran, or had ended, before this page was opened.
      return;
    }
    const notice = this._noticeOf(run);
    if (notice) {
      this._tell(run, notice);
    }
  }

  /** Whether a run that is seen for the first time is worth telling of. */
  private _isNews({ state, state_since, warning }: IRun): boolean {
    if (state === 'ended') {
      const { jobs } = this._model;
      const began = serverNow(jobs, performance.timeOrigin);
      return (state_since ?? 0) > Math.max(began, serverNow(jobs) - RECENT);
    }
    const waits = state === 'queued' || state === 'new';
    return waits || state === 'starting' || warning !== '';
  }

  private _tell(run: IRun, notice: INotice): void {
    const id = this._shown.get(run.run);
    const { message, type, options } = notice;
    const told = this._told.get(run.run);
    const stage = stageOf(run);
    const same = told === stage;
    // Good news closes by itself, and what is told in a toast that closes is
    // lost. A warning that is more urgent is another one, to be seen as such.
    const renewed = told === 'running' || (!same && run.warning !== '');
    if (id && !renewed && Notification.manager.has(id)) {
      const update = { id, message, type, ...options };
      Notification.update(update);
      if (this._drawing.has(id)) {
        this._drawing.set(id, update);
      }
    } else if (!id || !same) {
      // One that was dismissed stays so until the state itself is another.
      if (id) {
        Notification.dismiss(id);
      }
      const added = Notification.emit(message, type, options);
      this._shown.set(run.run, added);
      this._repeatWhenDrawn(added);
    }
    this._told.set(run.run, stage);
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
    switch (run.state) {
      case 'new':
      case 'queued':
      case 'starting':
        return {
          message: this._waiting(run, now),
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

  private _waiting(run: IRun, now: number): string {
    const trans = this._trans;
    const unknown = unknownWords(run, now, trans);
    const words = [reasonWords(run, now, trans), unknown].filter(Boolean);
    return toast(titleOf(run), words.join('; '));
  }

  private _started(run: IRun): INotice | null {
    if (!this._shown.has(run.run)) {
      return null;
    }
    const name = shortName(titleOf(run));
    return {
      message: this._trans.__('%1 runs on %2.', name, cut(run.node, NODE_ROOM)),
      type: 'success',
      options: { autoClose: SHORT, actions: [] }
    };
  }

  private _warning(run: IRun, now: number): INotice {
    const trans = this._trans;
    return {
      // All of it stays true for as long as this is on screen.
      message: trans._n(
        '%2: less than %1 minute left. At %3 its job ends, and its variables are lost.',
        '%2: less than %1 minutes left. At %3 its job ends, and its variables are lost.',
        Number(run.warning),
        shortName(titleOf(run)),
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
    if (!run.end || endedAsAsked(run) || livesOn(run.end)) {
      // No news, and what was told of it is over.
      if (id) {
        Notification.dismiss(id);
      }
      return null;
    }
    const actions = [
      this._action(trans.__('Show log'), CommandIDs.runLog, run)
    ];
    if (run.end.advice) {
      actions.unshift(this._advice(run, run.end));
    }
    if (run.end.code === 'TIMEOUT') {
      actions.unshift(this._moreTime(run));
    }
    return {
      message: toast(titleOf(run), run.end.words),
      type: 'error',
      options: { autoClose: false, actions }
    };
  }

  /** A notification has no room for how it ended and what to do then. */
  private _advice(run: IRun, end: IRunEnd): Notification.IAction {
    const trans = this._trans;
    return {
      label: trans.__('What to do'),
      callback: event => {
        event.preventDefault();
        void showDialog({
          title: titleOf(run),
          body: endWords(end),
          buttons: [Dialog.okButton({ label: trans.__('Close') })]
        });
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
  /** The notification of a run, and the stage of it that was last told. */
  private readonly _shown = new Map<string, string>();
  private readonly _told = new Map<string, string>();
  /** The last update of each notification whose toast may not stand yet. */
  private readonly _drawing = new Map<
    string,
    Notification.IUpdate<null> | null
  >();
}

/** Whether only this server has done with the kernel. */
function livesOn({ code }: IRunEnd): boolean {
  return code === 'LEFT' || code === 'TAKEN_OVER';
}

/** What of a run is news by itself; whatever else changes are words. */
function stageOf({ state, warning }: IRun): string {
  if (state === 'new' || state === 'queued') {
    return 'waiting';
  }
  return state === 'running' && warning ? `warned ${warning}` : state;
}

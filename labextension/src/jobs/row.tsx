import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  closeIcon,
  fileIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';

import type { IRun, IStrayJob, RunState } from '../api';
import { ActionMenu, IconButton } from '../components/actionmenu';
import { StateChip } from '../components/statechip';
import { duration, runState } from '../format';
import {
  attentionIcon,
  failedIcon,
  readyIcon,
  shadowedIcon,
  waitingIcon,
  workingIcon
} from '../icons';
import { CommandIDs } from '../tokens';
import { runMenu } from './commands';
import { GpuUse } from './gpuuse';
import {
  endedAsAsked,
  placeWords,
  reasonWords,
  runTone,
  titleOf,
  unknownWords
} from './runs';
import { TimeBar } from './timebar';

export interface IRunRowProps {
  run: IRun;
  /** Whether its job ends with it. */
  endsJob: boolean;
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** One run: what it is, how it stands and why, and what can be done. */
export function RunRow(props: IRunRowProps): JSX.Element {
  const { run, endsJob, now, commands, trans } = props;
  const failed = run.state === 'ended' && !endedAsAsked(run);
  const reason = reasonWords(run, now, trans);
  const main = run.attachable ? CommandIDs.attachRun : CommandIDs.openRun;
  const args = { run: run.run };
  const canOpen = commands.isEnabled(main, args);
  const title = titleOf(run);
  const place = placeWords(run, trans);
  const unknown = unknownWords(run, now, trans);
  return (
    <div className="kk-Row">
      <div className="kk-Row-line">
        <button
          type="button"
          className="kk-Row-main"
          data-kk-stop
          tabIndex={-1}
          aria-disabled={!canOpen}
          onClick={() => canOpen && void commands.execute(main, args)}
        >
          <span className="kk-Row-text">
            <span className="kk-Row-title" title={title}>
              {title}
            </span>
            <span className="kk-Row-chips">
              <StateChip
                icon={failed ? failedIcon : ICONS[run.state]}
                text={runState(run.state, trans)}
                tone={runTone(run)}
                reason={reason}
              />
              {unknown && <span className="kk-Row-sub">{unknown}</span>}
              {run.job && (
                <span className="kk-Row-sub">
                  {trans.__('job %1', run.job)}
                </span>
              )}
              {place && <span className="kk-Row-sub">{place}</span>}
            </span>
            <TimeBar run={run} now={now} trans={trans} />
            {reason && <span className="kk-Row-reason">{reason}</span>}
            {run.trouble && (
              <span className="kk-Row-reason">{run.trouble}</span>
            )}
          </span>
        </button>
        <span className="kk-Row-actions">
          <IconButton
            icon={fileIcon}
            label={trans.__('Log of %1', title)}
            onClick={() => void commands.execute(CommandIDs.runLog, args)}
          />
          {commands.isEnabled(CommandIDs.cancelRun, args) && (
            <IconButton
              icon={closeIcon}
              label={
                endsJob
                  ? trans.__('Cancel the job of %1', title)
                  : trans.__('End the kernel %1', title)
              }
              onClick={() => void commands.execute(CommandIDs.cancelRun, args)}
            />
          )}
          <ActionMenu
            label={trans.__('Actions for %1', title)}
            commands={commands}
            entries={runMenu(commands, run)}
            args={args}
          />
        </span>
      </div>
      <GpuUse run={run} now={now} trans={trans} />
    </div>
  );
}

export interface IStrayRowProps {
  job: IStrayJob;
  /** Whether it waits for its next kernel. */
  idle: boolean;
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** A job in which no kernel runs: it takes another, or can only be ended. */
export function StrayRow(props: IStrayRowProps): JSX.Element {
  const { job, idle, now, commands, trans } = props;
  const left = job.ends
    ? trans.__('%1 left', duration(Math.max(0, job.ends - now), trans))
    : '';
  const facts = [
    job.state,
    job.node,
    job.gres.replaceAll('gres:', ''),
    left,
    idle ? '' : job.name
  ];
  return (
    <div className="kk-Row">
      <div className="kk-Row-line">
        <span className="kk-Row-main">
          <span className="kk-Row-text">
            <span className="kk-Row-title">{trans.__('job %1', job.id)}</span>
            <span className="kk-Row-sub">
              {facts.filter(Boolean).join(' · ')}
            </span>
          </span>
        </span>
        <span className="kk-Row-actions">
          {idle && (
            <IconButton
              icon={addIcon}
              label={trans.__('Open a kernel in job %1', job.id)}
              onClick={() =>
                void commands.execute(CommandIDs.openInIdleJob, { job: job.id })
              }
            />
          )}
          <IconButton
            icon={closeIcon}
            label={trans.__('Cancel job %1', job.id)}
            onClick={() =>
              void commands.execute(CommandIDs.cancelJob, { job: job.id })
            }
          />
        </span>
      </div>
    </div>
  );
}

const ICONS: Record<RunState, LabIcon> = {
  new: workingIcon,
  queued: waitingIcon,
  starting: workingIcon,
  running: readyIcon,
  exited: attentionIcon,
  ended: shadowedIcon,
  unknown: attentionIcon
};

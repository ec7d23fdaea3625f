import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IRun } from '../api';
import { leftWords, secondsLeft, shareLeft, timeTone } from './runs';

export interface ITimeBarProps {
  run: IRun;
  /** The server's time, in seconds since the epoch. */
  now: number;
  trans: TranslationBundle;
}

/** The time that is left of the limit, in words and as a bar. */
export function TimeBar({
  run,
  now,
  trans
}: ITimeBarProps): JSX.Element | null {
  const words = leftWords(run, now, trans);
  if (!words) {
    return null;
  }
  const tone = timeTone(secondsLeft(run, now));
  const share = shareLeft(run, now);
  return (
    <span className={`kk-TimeBar kk-mod-${tone}`}>
      {share !== null && (
        <span className="kk-TimeBar-track" aria-hidden="true">
          <span
            className="kk-TimeBar-share"
            style={{ width: `${share * 100}%` }}
          />
        </span>
      )}
      <span className="kk-TimeBar-words">{words}</span>
    </span>
  );
}

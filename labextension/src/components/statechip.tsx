import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

export type ChipTone = 'good' | 'busy' | 'warn' | 'bad' | 'plain';

export interface IStateChipProps {
  icon: LabIcon;
  text: string;
  tone: ChipTone;
  /** Why; shown on hover and read out. */
  reason?: string;
}

/** A state as icon and word; the colour only repeats them. */
export function StateChip(props: IStateChipProps): JSX.Element {
  const { icon, text, tone, reason } = props;
  return (
    <span className={`kk-StateChip kk-mod-${tone}`} title={reason}>
      <icon.react tag="span" className="kk-StateChip-icon" aria-hidden="true" />
      <span className="kk-StateChip-text">{text}</span>
    </span>
  );
}

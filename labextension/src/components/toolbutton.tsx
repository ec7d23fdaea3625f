import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

export interface IToolButtonProps {
  icon: LabIcon;
  label: string;
  onClick: () => void;
}

/** A button of a panel's head. */
export function ToolButton(props: IToolButtonProps): JSX.Element {
  const { icon: Icon, label, onClick } = props;
  return (
    <button
      type="button"
      className="kk-IconButton"
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon.react tag="span" aria-hidden="true" />
    </button>
  );
}

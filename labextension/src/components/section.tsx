import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import React from 'react';

export interface ISectionHeadProps {
  title: string;
  count: number;
  open: boolean;
  onToggle: () => void;
}

/** The heading of a group in a list; it opens and closes the group. */
export function SectionHead(props: ISectionHeadProps): JSX.Element {
  const { title, count, open, onToggle } = props;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <button
      type="button"
      className="kk-SectionHead"
      aria-expanded={open}
      data-kk-stop
      tabIndex={-1}
      onClick={onToggle}
    >
      <Caret.react tag="span" aria-hidden="true" />
      <span className="kk-SectionHead-title">{title}</span>
      <span className="kk-SectionHead-count">{count}</span>
    </button>
  );
}

import { InputGroup } from '@jupyterlab/ui-components';
import React from 'react';

export interface ISearchBoxProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Arrow down: into the list below. */
  onLeave?: () => void;
}

/** Lab's input with its search icon, and a name for those who hear it. */
export function SearchBox(props: ISearchBoxProps): JSX.Element {
  const { label, value, onChange, onLeave } = props;
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape' && value) {
      event.stopPropagation();
      onChange('');
    } else if (event.key === 'ArrowDown' && onLeave) {
      event.preventDefault();
      onLeave();
    }
  };
  return (
    <InputGroup
      className="kk-SearchBox"
      type="search"
      aria-label={label}
      placeholder={label}
      rightIcon="ui-components:search"
      spellCheck={false}
      value={value}
      onChange={event => onChange(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}

import React, { useId, useRef } from 'react';

export interface ITab {
  id: string;
  label: string;
}

export interface ITabsProps {
  label: string;
  tabs: ITab[];
  current: string;
  onSelect: (id: string) => void;
  children: React.ReactNode;
}

/** Tabs over one panel: arrows walk them, one of them is a tab stop. */
export function Tabs(props: ITabsProps): JSX.Element {
  const { label, tabs, current, onSelect, children } = props;
  const base = useId();
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === current);
    const moves: Record<string, number> = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      onSelect(tabs[next].id);
      bar.current?.querySelectorAll<HTMLElement>('[role=tab]')[next].focus();
    }
  };
  return (
    <div className="kk-Tabs">
      <div
        className="kk-Tabs-bar"
        role="tablist"
        aria-label={label}
        ref={bar}
        onKeyDown={onKeyDown}
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${base}-${tab.id}`}
            type="button"
            role="tab"
            className="kk-Tabs-tab"
            aria-selected={tab.id === current}
            aria-controls={`${base}-panel`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onSelect(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        className="kk-Tabs-panel"
        id={`${base}-panel`}
        role="tabpanel"
        aria-labelledby={`${base}-${current}`}
      >
        {children}
      </div>
    </div>
  );
}

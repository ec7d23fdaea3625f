import { MenuSvg, ellipsesIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Menu } from '@lumino/widgets';
import React from 'react';

/** A command of the menu; `null` draws a line. */
export type MenuEntry = string | null;

/** Open a menu of commands that all get the same arguments. */
export function openMenu(
  commands: CommandRegistry,
  entries: MenuEntry[],
  args: ReadonlyPartialJSONObject,
  x: number,
  y: number
): Menu {
  const menu = new MenuSvg({ commands });
  for (const entry of entries) {
    if (entry === null) {
      menu.addItem({ type: 'separator' });
    } else if (commands.hasCommand(entry)) {
      menu.addItem({ command: entry, args: { ...args, inMenu: true } });
    }
  }
  const from = document.activeElement;
  menu.aboutToClose.connect(() => {
    // The menu takes the focus; where it came from still stands.
    if (from instanceof HTMLElement && from.isConnected) {
      from.focus();
    }
  });
  menu.open(x, y);
  return menu;
}

export interface IActionMenuProps {
  /** Whose actions these are, for those who hear it. */
  label: string;
  commands: CommandRegistry;
  entries: MenuEntry[];
  args: ReadonlyPartialJSONObject;
}

/** A button that opens the menu of all actions. */
export function ActionMenu(props: IActionMenuProps): JSX.Element {
  const { label, commands, entries, args } = props;
  const open = (event: React.MouseEvent<HTMLElement>) => {
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    openMenu(commands, entries, args, left, bottom);
  };
  return <IconButton icon={ellipsesIcon} label={label} onClick={open} popup />;
}

export interface IIconButtonProps {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent<HTMLElement>) => void;
  popup?: boolean;
  disabled?: boolean;
}

/** A button of a list's row: reached with the arrow keys. */
export function IconButton(props: IIconButtonProps): JSX.Element {
  const { icon: Icon, label, onClick, popup, disabled } = props;
  return (
    <button
      type="button"
      className="kk-IconButton"
      aria-label={label}
      aria-haspopup={popup ? 'menu' : undefined}
      aria-disabled={disabled}
      title={label}
      data-kk-stop
      tabIndex={-1}
      onClick={event => {
        event.stopPropagation();
        if (!disabled) {
          onClick(event);
        }
      }}
    >
      <Icon.react tag="span" aria-hidden="true" />
    </button>
  );
}

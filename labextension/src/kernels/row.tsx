import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';

import type { IKernel } from '../api';
import {
  ActionMenu,
  IconButton,
  type MenuEntry
} from '../components/actionmenu';
import { Facts } from '../components/facts';
import { Logo } from '../components/logo';
import { StateChip } from '../components/statechip';
import { Words } from '../components/words';
import { kernelState, request, scope } from '../format';
import { jobsIcon } from '../icons';
import { CommandIDs } from '../tokens';
import { STATE_LOOKS, canRollBack, canUpgrade } from './state';

export interface IKernelRowProps {
  kernel: IKernel;
  logo?: string;
  open: boolean;
  onToggle: () => void;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Everything that can be done with a kernel, in the order of the menu. */
export function entriesFor(kernel: IKernel): MenuEntry[] {
  const launch = [CommandIDs.launchNotebook, CommandIDs.launchConsole];
  const back = canRollBack(kernel) ? [CommandIDs.rollbackKernel] : [];
  if (!kernel.managed) {
    return [
      ...launch,
      null,
      CommandIDs.adoptKernel,
      ...back,
      CommandIDs.testKernel
    ];
  }
  return [
    ...launch,
    ...(kernel.on_slurm ? [CommandIDs.launchWithResources] : []),
    null,
    ...(canUpgrade(kernel) ? [CommandIDs.upgradeKernel] : []),
    CommandIDs.editKernel,
    CommandIDs.cloneKernel,
    CommandIDs.renameKernel,
    CommandIDs.kernelPackages,
    ...back,
    null,
    CommandIDs.testKernel,
    CommandIDs.kernelLogs,
    CommandIDs.exportKernel,
    null,
    CommandIDs.removeKernel
  ];
}

/** One kernel: what it is, how it is, and what to do with it. */
export function KernelRow(props: IKernelRowProps): JSX.Element {
  const { kernel, logo, open, onToggle, commands, trans } = props;
  const { icon, tone } = STATE_LOOKS[kernel.state];
  const reason = kernel.reasons.join(' ');
  const args = { kernel: kernel.name };
  const title = kernel.display_name || kernel.name;
  return (
    <div className={`kk-Row${open ? ' kk-mod-open' : ''}`}>
      <div className="kk-Row-line">
        <button
          type="button"
          className="kk-Row-main"
          aria-expanded={open}
          data-kk-stop
          tabIndex={-1}
          onClick={onToggle}
        >
          <Logo url={logo} name={title} />
          <span className="kk-Row-text">
            <span className="kk-Row-title" title={title}>
              {title}
            </span>
            <span className="kk-Row-chips">
              <StateChip
                icon={icon}
                tone={tone}
                text={kernelState(kernel.state, trans)}
                reason={reason}
              />
              {kernel.on_slurm && (
                <StateChip
                  icon={jobsIcon}
                  tone="plain"
                  text={trans.__('Slurm')}
                  reason={trans.__('Runs in a Slurm job.')}
                />
              )}
              {kernel.layers.length > 0 && (
                <span className="kk-Row-sub">{kernel.layers.join(' · ')}</span>
              )}
            </span>
            {kernel.managed && reason && !open && (
              <span className="kk-Row-note">
                <Words text={reason} />
              </span>
            )}
          </span>
        </button>
        <span className="kk-Row-actions">
          <IconButton
            icon={notebookIcon}
            label={trans.__('New notebook with %1', title)}
            onClick={() =>
              void commands.execute(CommandIDs.launchNotebook, args)
            }
          />
          <ActionMenu
            label={trans.__('Actions for %1', title)}
            commands={commands}
            entries={entriesFor(kernel)}
            args={args}
          />
        </span>
      </div>
      {open && <KernelDetails {...props} />}
    </div>
  );
}

/** What an open row tells besides, and its actions in words. */
function KernelDetails(props: IKernelRowProps): JSX.Element {
  const { kernel, commands, trans } = props;
  const args = { kernel: kernel.name };
  const facts: [string, string][] = [
    [trans.__('Name'), kernel.name],
    [trans.__('Language'), kernel.language],
    [trans.__('Layers'), kernel.layers.join(', ')],
    [trans.__('Job'), kernel.resources ? request(kernel.resources, trans) : ''],
    [trans.__('Belongs to'), scope(kernel.scope, trans)],
    [trans.__('Folder'), kernel.path]
  ];
  const shown = [
    CommandIDs.launchNotebook,
    CommandIDs.launchConsole,
    ...(kernel.on_slurm ? [CommandIDs.launchWithResources] : []),
    ...(canUpgrade(kernel) ? [CommandIDs.upgradeKernel] : []),
    kernel.managed ? CommandIDs.editKernel : CommandIDs.adoptKernel,
    ...(canRollBack(kernel) ? [CommandIDs.rollbackKernel] : []),
    CommandIDs.testKernel
  ].filter(id => commands.hasCommand(id));
  return (
    <div className="kk-Details">
      {kernel.description && <p>{kernel.description}</p>}
      {kernel.reasons.length > 0 && (
        <ul className="kk-Details-reasons" aria-label={trans.__('Reasons')}>
          {kernel.reasons.map(reason => (
            <li key={reason}>
              <Words text={reason} />
            </li>
          ))}
        </ul>
      )}
      <div className="kk-Actions">
        {shown.map(id => (
          <button
            key={id}
            type="button"
            className="kk-LinkButton"
            data-kk-stop
            tabIndex={-1}
            onClick={() => void commands.execute(id, args)}
          >
            {commands.label(id, { ...args, inMenu: true })}
          </button>
        ))}
      </div>
      <Facts facts={facts} />
    </div>
  );
}

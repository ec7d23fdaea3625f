import type { TranslationBundle } from '@jupyterlab/translation';
import {
  downloadIcon,
  fileIcon,
  folderIcon,
  imageIcon,
  kernelIcon,
  listIcon,
  notebookIcon,
  pythonIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { PartialJSONObject } from '@lumino/coreutils';
import React from 'react';

import type { IKernelkitApi, IOffer, ITask, OfferKind } from '../api';
import {
  ActionMenu,
  IconButton,
  type MenuEntry
} from '../components/actionmenu';
import { StateChip } from '../components/statechip';
import { kernelState } from '../format';
import { attentionIcon, workingIcon } from '../icons';
import { STATE_LOOKS } from '../kernels/state';
import { CommandIDs } from '../tokens';
import { OfferDetails } from './details';

const KIND_ICONS: Record<OfferKind, LabIcon> = {
  recipe: fileIcon,
  module: listIcon,
  image: imageIcon,
  conda: folderIcon,
  venv: pythonIcon,
  kernelspec: kernelIcon
};

export interface IOfferRowProps {
  offer: IOffer;
  /** The install of it that goes on. */
  task?: ITask;
  open: boolean;
  onToggle: () => void;
  api: IKernelkitApi;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** What the commands of an offer are given. */
export function argsOf(offer: IOffer): PartialJSONObject {
  return {
    offer: offer as unknown as PartialJSONObject,
    ...(offer.installed ? { kernel: offer.installed } : {})
  };
}

export function entriesFor(offer: IOffer): MenuEntry[] {
  return [
    ...(offer.installed
      ? [CommandIDs.launchNotebook, CommandIDs.launchConsole, null]
      : []),
    CommandIDs.installOffer,
    CommandIDs.installOfferForSlurm,
    CommandIDs.createFromOffer
  ];
}

/** One thing that a kernel can be made of. */
export function OfferRow(props: IOfferRowProps): JSX.Element {
  const { offer, task, open, onToggle, commands, trans } = props;
  const Icon = KIND_ICONS[offer.kind];
  const title = offer.display_name || offer.identity;
  const args = argsOf(offer);
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
          <Icon.react tag="span" className="kk-Logo" aria-hidden="true" />
          <span className="kk-Row-text">
            <span className="kk-Row-title" title={title}>
              {title}
            </span>
            <span className="kk-Row-chips">
              <Marks offer={offer} task={task} trans={trans} />
              {title !== offer.identity && (
                <span className="kk-Row-sub">{offer.identity}</span>
              )}
            </span>
            {offer.description && !open && (
              <span className="kk-Row-note">{offer.description}</span>
            )}
          </span>
        </button>
        <span className="kk-Row-actions">
          {offer.installed ? (
            <IconButton
              icon={notebookIcon}
              label={trans.__('New notebook with %1', title)}
              onClick={() =>
                void commands.execute(CommandIDs.launchNotebook, args)
              }
            />
          ) : (
            <IconButton
              icon={downloadIcon}
              label={trans.__('Install %1', title)}
              disabled={task !== undefined || offer.missing.length > 0}
              onClick={() =>
                void commands.execute(CommandIDs.installOffer, args)
              }
            />
          )}
          <ActionMenu
            label={trans.__('Actions for %1', title)}
            commands={commands}
            entries={entriesFor(offer)}
            args={args}
          />
        </span>
      </div>
      {open && <OfferDetails {...props} args={args} />}
    </div>
  );
}

interface IMarksProps {
  offer: IOffer;
  task?: ITask;
  trans: TranslationBundle;
}

function Marks(props: IMarksProps): JSX.Element {
  const { offer, task, trans } = props;
  const state = offer.installed_state;
  return (
    <>
      {task && (
        <StateChip
          icon={workingIcon}
          tone="busy"
          text={trans.__('Installing')}
          reason={task.steps[task.steps.length - 1]?.detail}
        />
      )}
      {offer.installed && state && (
        <StateChip
          icon={STATE_LOOKS[state].icon}
          tone={STATE_LOOKS[state].tone}
          text={
            state === 'ready' || state === 'unmanaged'
              ? trans.__('Installed')
              : kernelState(state, trans)
          }
          reason={trans.__('Installed as %1', offer.installed)}
        />
      )}
      {offer.missing.length > 0 && (
        <StateChip
          icon={attentionIcon}
          tone="warn"
          text={trans.__('Lacks %1', offer.missing.join(', '))}
          reason={trans.__('This machine does not have these modules.')}
        />
      )}
      {offer.default && (
        <span
          className="kk-Mark"
          title={trans.__('The version that is meant without one')}
        >
          {trans.__('default')}
        </span>
      )}
    </>
  );
}

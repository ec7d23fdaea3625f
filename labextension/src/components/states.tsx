/** What a panel shows where there is nothing to list. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, type LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { ApiError } from '../api';
import { ago } from '../format';
import { attentionIcon, failedIcon } from '../icons';
import type { IResource } from '../resource';
import { useNow } from './hooks';
import { Words } from './words';

export interface IAction {
  label: string;
  run: () => void;
}

export interface IEmptyStateProps {
  icon?: LabIcon;
  title: string;
  /** What to do now. */
  text?: string;
  actions?: IAction[];
}

export function EmptyState(props: IEmptyStateProps): JSX.Element {
  const { icon: Icon, title, text, actions = [] } = props;
  return (
    <div className="kk-EmptyState">
      {Icon && (
        <Icon.react
          tag="span"
          className="kk-EmptyState-icon"
          aria-hidden="true"
          height="32px"
          width="32px"
        />
      )}
      <p className="kk-EmptyState-title">{title}</p>
      {text && <p>{text}</p>}
      <Actions actions={actions} />
    </div>
  );
}

export interface IErrorStateProps {
  error: ApiError;
  onRetry?: () => void;
  trans: TranslationBundle;
}

/** A failure in the server's words, with its hint. */
export function ErrorState(props: IErrorStateProps): JSX.Element {
  const { error, onRetry, trans } = props;
  return (
    <div className="kk-ErrorState" role="alert">
      <failedIcon.react
        tag="span"
        className="kk-ErrorState-icon"
        aria-hidden="true"
      />
      <div>
        <p className="kk-ErrorState-title">
          <Words text={error.message} />
        </p>
        <Detail text={error.info.detail} trans={trans} />
        {error.hint && (
          <p>
            <Words text={error.hint} />
          </p>
        )}
        {onRetry && (
          <Actions actions={[{ label: trans.__('Try again'), run: onRetry }]} />
        )}
      </div>
    </div>
  );
}

/** What a program said, in its own words and lines. */
export function Detail(props: {
  text: string | undefined;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { text, trans } = props;
  return text ? (
    <pre
      className="kk-Detail"
      tabIndex={0}
      role="region"
      aria-label={trans.__('What was printed')}
    >
      {text}
    </pre>
  ) : null;
}

export function Loading(props: { label: string }): JSX.Element {
  return (
    <div className="kk-Loading" role="status">
      <span className="kk-Loading-bar" aria-hidden="true" />
      {props.label}
    </div>
  );
}

export interface IStaleNoticeProps {
  resource: IResource<unknown>;
  trans: TranslationBundle;
}

/** Tells that what is listed is old, how old, and why. */
export function StaleNotice(props: IStaleNoticeProps): JSX.Element | null {
  const { resource, trans } = props;
  const now = useNow(10_000);
  if (!resource.stale) {
    return null;
  }
  const age = ago(resource.taken / 1000, now, trans);
  return (
    <div className="kk-StaleNotice" role="status">
      <attentionIcon.react
        tag="span"
        className="kk-StaleNotice-icon"
        aria-hidden="true"
      />
      <span>
        {trans.__('As of %1.', age)} {resource.error?.message}
      </span>
      <Button
        minimal
        small
        className="kk-TextButton"
        onClick={() => void resource.refresh()}
      >
        {trans.__('Refresh')}
      </Button>
    </div>
  );
}

/** Problems that the server met while it answered. */
export function Problems(props: { problems: string[] }): JSX.Element | null {
  if (props.problems.length === 0) {
    return null;
  }
  return (
    <div className="kk-Problems" role="status">
      <ul>
        {props.problems.map(problem => (
          <li key={problem}>
            <attentionIcon.react
              tag="span"
              className="kk-StaleNotice-icon"
              aria-hidden="true"
            />
            <span>
              <Words text={problem} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Actions(props: { actions: IAction[] }): JSX.Element | null {
  if (props.actions.length === 0) {
    return null;
  }
  return (
    <div className="kk-Actions">
      {props.actions.map(action => (
        <Button
          key={action.label}
          className="jp-mod-styled kk-Button"
          onClick={action.run}
        >
          {action.label}
        </Button>
      ))}
    </div>
  );
}

/** The frame of a field: its label, what it is for, and what is wrong with it. */
import React from 'react';

import { attentionIcon, failedIcon } from '../icons';
import { ProblemWords } from './problemwords';
import { fieldId, specOf, useForm } from './context';
import type { Path } from './tree';

export interface IFieldProps {
  path: Path;
  /** Instead of the schema's. */
  label?: string;
  about?: string;
  required?: boolean;
  /** Several controls under one label. */
  group?: boolean;
  children: (control: IControl) => React.ReactNode;
}

/** What ties a control to its label, its description and its problems. */
export interface IControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
  'aria-required': boolean | undefined;
}

export function Field(props: IFieldProps): JSX.Element {
  const form = useForm();
  const { model, trans, prefix } = form;
  const { path, group, children } = props;
  const spec = specOf(form, path);
  const id = fieldId(prefix, path);
  const required = props.required ?? spec.required;
  const about = props.about ?? spec.description;
  const problems = model.problemsAt(path);
  const invalid = problems.some(({ severity }) => severity === 'error');
  const described = [
    about ? `${id}-about` : '',
    problems.length > 0 ? `${id}-problems` : ''
  ].filter(Boolean);
  const label = (
    <>
      {props.label ?? spec.label}
      {required && (
        <span className="kk-Field-required"> {trans.__('(needed)')}</span>
      )}
    </>
  );
  const control: IControl = {
    id,
    'aria-describedby': described.join(' ') || undefined,
    'aria-invalid': invalid || undefined,
    'aria-required': required || undefined
  };
  return (
    <div
      className={`kk-Field${invalid ? ' kk-mod-invalid' : ''}`}
      role={group ? 'group' : undefined}
      aria-labelledby={group ? `${id}-label` : undefined}
      aria-describedby={group ? control['aria-describedby'] : undefined}
    >
      {group ? (
        <span className="kk-Field-label" id={`${id}-label`}>
          {label}
        </span>
      ) : (
        <label className="kk-Field-label" htmlFor={id} id={`${id}-label`}>
          {label}
        </label>
      )}
      {children(control)}
      {problems.length > 0 && (
        <ul className="kk-Field-problems" id={`${id}-problems`}>
          {problems.map(({ message, detail, hint, severity }) => {
            const Icon = severity === 'error' ? failedIcon : attentionIcon;
            return (
              <li key={message} className={`kk-mod-${severity}`}>
                <Icon.react tag="span" aria-hidden="true" />
                <ProblemWords message={message} detail={detail} hint={hint} />
              </li>
            );
          })}
        </ul>
      )}
      {about && (
        <p className="kk-Field-about" id={`${id}-about`}>
          {about}
        </p>
      )}
    </div>
  );
}

/** A control for each type of the schema. */
import { HTMLSelect, addIcon, closeIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';

import { fieldId, specOf, useForm } from './context';
import { Field, type IControl, type IFieldProps } from './field';
import { getAt, isObject, listAt, textAt, type Path } from './tree';

export type IInputProps = Omit<IFieldProps, 'children' | 'group'> & {
  placeholder?: string;
};

/** The control that fits the key's type. */
export function Input(props: IInputProps): JSX.Element {
  const form = useForm();
  const spec = specOf(form, props.path);
  switch (spec.type) {
    case 'truth':
      return spec.optional ? <MaybeInput {...props} /> : <Tick {...props} />;
    case 'choice':
      return <ChoiceInput {...props} choices={spec.choices} />;
    case 'list':
      return <LinesInput {...props} />;
    case 'map':
      return <PairsInput {...props} />;
    default:
      return <TextInput {...props} />;
  }
}

/** Text and whole numbers. */
export function TextInput(
  props: IInputProps & { suggestions?: string[]; multiline?: boolean }
): JSX.Element {
  const form = useForm();
  const { model, trans } = form;
  const { path, placeholder, multiline } = props;
  const spec = specOf(form, path);
  const suggestions = props.suggestions ?? spec.suggestions;
  const change = (text: string) => {
    const whole = spec.type === 'whole' && /^[0-9]{1,9}$/.test(text.trim());
    model.set(path, text === '' ? undefined : whole ? Number(text) : text);
  };
  const example = spec.example && trans.__('such as %1', spec.example);
  return (
    <Field {...props}>
      {control => (
        <>
          {multiline ? (
            <textarea
              {...control}
              className="jp-mod-styled kk-Input"
              rows={3}
              value={textAt(model.values, path)}
              onChange={event => change(event.target.value)}
            />
          ) : (
            <input
              {...control}
              className="jp-mod-styled kk-Input"
              type="text"
              inputMode={spec.type === 'whole' ? 'numeric' : undefined}
              spellCheck={false}
              autoComplete="off"
              list={suggestions.length > 0 ? `${control.id}-list` : undefined}
              placeholder={placeholder ?? example}
              value={textAt(model.values, path)}
              onChange={event => change(event.target.value)}
            />
          )}
          {suggestions.length > 0 && (
            <datalist id={`${control.id}-list`}>
              {suggestions.map(one => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export interface IChoice {
  value: string;
  label: string;
  disabled?: boolean;
}

export function ChoiceInput(
  props: IInputProps & {
    choices: (string | IChoice)[];
    /** What stands for no choice; absent where one is always made. */
    none?: string;
  }
): JSX.Element {
  const form = useForm();
  const { model, trans } = form;
  const { path, choices } = props;
  const spec = specOf(form, path);
  const none = props.none ?? (spec.optional ? trans.__('Default') : null);
  const fallback = typeof spec.fallback === 'string' ? spec.fallback : '';
  return (
    <Field {...props}>
      {control => (
        <HTMLSelect
          {...control}
          className="kk-Select"
          value={textAt(model.values, path) || fallback}
          onChange={event => model.set(path, event.target.value || undefined)}
        >
          {none !== null && <option value="">{none}</option>}
          {choices.map(choice => {
            const { value, label, disabled } =
              typeof choice === 'string'
                ? { value: choice, label: choice, disabled: false }
                : choice;
            return (
              <option key={value} value={value} disabled={disabled}>
                {label}
              </option>
            );
          })}
        </HTMLSelect>
      )}
    </Field>
  );
}

/** A truth that may be left to the default. */
function MaybeInput(props: IInputProps): JSX.Element {
  const { model, trans } = useForm();
  const value = getAt(model.values, props.path);
  const text = typeof value === 'boolean' ? String(value) : '';
  return (
    <Field {...props}>
      {control => (
        <HTMLSelect
          {...control}
          className="kk-Select"
          value={text}
          onChange={event => {
            const chosen = event.target.value;
            model.set(props.path, chosen ? chosen === 'true' : undefined);
          }}
        >
          <option value="">{trans.__('Default')}</option>
          <option value="true">{trans.__('Yes')}</option>
          <option value="false">{trans.__('No')}</option>
        </HTMLSelect>
      )}
    </Field>
  );
}

export function Tick(props: IInputProps): JSX.Element {
  const form = useForm();
  const { model, prefix } = form;
  const { path } = props;
  const spec = specOf(form, path);
  const id = fieldId(prefix, path);
  const about = props.about ?? spec.description;
  return (
    <div className="kk-Tick">
      <input
        id={id}
        type="checkbox"
        className="jp-mod-styled"
        aria-describedby={about ? `${id}-about` : undefined}
        checked={getAt(model.values, path) === true}
        onChange={event => model.set(path, event.target.checked || undefined)}
      />
      <label htmlFor={id}>{props.label ?? spec.label}</label>
      {about && (
        <p className="kk-Field-about" id={`${id}-about`}>
          {about}
        </p>
      )}
    </div>
  );
}

/** A list of texts, one a line. */
export function LinesInput(props: IInputProps): JSX.Element {
  const form = useForm();
  const { model, trans } = form;
  const { path } = props;
  const { example } = specOf(form, path);
  const lines = listAt(model.values, path);
  return (
    <Field {...props}>
      {control => (
        <textarea
          {...control}
          className="jp-mod-styled kk-Input"
          rows={Math.min(8, Math.max(2, lines.length))}
          spellCheck={false}
          placeholder={
            example
              ? trans.__('one a line, such as %1', example)
              : trans.__('one a line')
          }
          value={lines.join('\n')}
          onChange={event => {
            const text = event.target.value;
            model.set(path, text === '' ? undefined : text.split('\n'));
          }}
        />
      )}
    </Field>
  );
}

/** Names and values; a row that has no name yet is not part of the form. */
export function PairsInput(props: IInputProps): JSX.Element {
  const { model } = useForm();
  const { path } = props;
  const value = getAt(model.values, path);
  const saved = isObject(value) ? (value as Record<string, string>) : {};
  const [rows, setRows] = useState(() => Object.entries(saved));
  const told = JSON.stringify(saved);
  // What was not typed here (another kernel, a reload) is taken over.
  const shown =
    JSON.stringify(asObject(rows)) === told ? rows : Object.entries(saved);
  const put = (next: [string, string][]) => {
    setRows(next);
    const found = asObject(next);
    model.set(path, Object.keys(found).length > 0 ? found : undefined);
  };
  return (
    <Field {...props} group>
      {control => (
        <Pairs rows={shown} put={put} control={control} path={path} />
      )}
    </Field>
  );
}

function asObject(rows: [string, string][]): Record<string, string> {
  return Object.fromEntries(rows.filter(([name]) => name !== ''));
}

function Pairs(props: {
  rows: [string, string][];
  put: (rows: [string, string][]) => void;
  control: IControl;
  path: Path;
}): JSX.Element {
  const { trans } = useForm();
  const { rows, put, control } = props;
  const edit = (index: number, row: [string, string]) =>
    put(rows.map((old, other) => (other === index ? row : old)));
  return (
    <div className="kk-Pairs">
      {rows.map(([name, value], index) => (
        <div className="kk-Pairs-row" key={index}>
          <input
            id={index === 0 ? control.id : undefined}
            className="jp-mod-styled kk-Input"
            aria-label={trans.__('Name of variable %1', index + 1)}
            placeholder={trans.__('NAME')}
            spellCheck={false}
            value={name}
            onChange={event => edit(index, [event.target.value, value])}
          />
          <input
            className="jp-mod-styled kk-Input"
            aria-label={trans.__('Value of %1', name || index + 1)}
            placeholder={trans.__('value')}
            spellCheck={false}
            value={value}
            onChange={event => edit(index, [name, event.target.value])}
          />
          <button
            type="button"
            className="kk-IconButton"
            aria-label={trans.__('Remove %1', name || index + 1)}
            title={trans.__('Remove')}
            onClick={() => put(rows.filter((_, other) => other !== index))}
          >
            <closeIcon.react tag="span" aria-hidden="true" />
          </button>
        </div>
      ))}
      <button
        id={rows.length === 0 ? control.id : undefined}
        type="button"
        className="kk-LinkButton kk-AddButton"
        onClick={() => put([...rows, ['', '']])}
      >
        <addIcon.react tag="span" aria-hidden="true" />
        {trans.__('Add a variable')}
      </button>
    </div>
  );
}

/** The parts of the form, in the order in which a kernel is thought of. */
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import { fieldId, useForm } from './context';
import { ENVIRONMENT_KEYS, type EnvironmentKind, type Part } from './form';
import {
  Input,
  LinesInput,
  PairsInput,
  TextInput,
  Tick,
  ChoiceInput
} from './inputs';
import type { EditorModel } from './model';
import { ModuleField } from './modulefield';
import { PathField } from './pathfield';
import { SlurmFields } from './slurmfields';
import { getAt, textAt } from './tree';

export interface ISectionProps {
  editor: EditorModel;
}

export function Software({ editor }: ISectionProps): JSX.Element {
  const { trans, prefix } = useForm();
  const { parts } = editor.form;
  const cards: Record<Part, [string, string]> = {
    modules: [
      trans.__('Modules'),
      trans.__('Software of this cluster, as with “module load”')
    ],
    container: [
      trans.__('Container image'),
      trans.__('An Apptainer image, or one from a registry')
    ],
    environment: [
      trans.__('Environment'),
      trans.__('conda, a virtual environment, or an interpreter')
    ],
    wrap: [
      trans.__('Another kernel'),
      trans.__('What it starts, with more around it')
    ]
  };
  return (
    <>
      <div
        className="kk-Cards"
        role="group"
        id={fieldId(prefix, ['parts'])}
        tabIndex={-1}
        aria-label={trans.__('What it is made of')}
      >
        {(Object.keys(cards) as Part[]).map(part => (
          <label className="kk-Card" key={part}>
            <input
              type="checkbox"
              className="jp-mod-styled"
              checked={parts.includes(part)}
              aria-labelledby={`${prefix}-card-${part}`}
              aria-describedby={`${prefix}-card-${part}-about`}
              onChange={() => editor.togglePart(part)}
            />
            <span className="kk-Card-title" id={`${prefix}-card-${part}`}>
              {cards[part][0]}
            </span>
            <span className="kk-Card-about" id={`${prefix}-card-${part}-about`}>
              {cards[part][1]}
            </span>
          </label>
        ))}
      </div>
      {parts.length > 1 && (
        <p className="kk-Field-about">
          {trans.__(
            'Layers work together in this order: modules on the host, then the image, then the environment in it.'
          )}
        </p>
      )}
      {parts.includes('modules') && <ModuleField />}
      {parts.includes('container') && (
        <>
          <PathField
            path={['recipe', 'container', 'image']}
            wanted="image"
            kind="image"
          />
          <ChoiceInput
            path={['recipe', 'container', 'gpu']}
            choices={[
              { value: 'auto', label: trans.__('automatic') },
              { value: 'nvidia', label: trans.__('NVIDIA (--nv)') },
              { value: 'rocm', label: trans.__('AMD (--rocm)') },
              { value: 'none', label: trans.__('none') }
            ]}
          />
        </>
      )}
      {parts.includes('environment') && <Environment editor={editor} />}
      {parts.includes('wrap') && (
        <PathField
          path={['recipe', 'wrap']}
          required
          kind="kernelspec"
          textOf={offer => offer.name}
        />
      )}
      <PathField
        path={['recipe', 'packages', 'dir']}
        wanted="folder"
        required={false}
      />
    </>
  );
}

function Environment({ editor }: ISectionProps): JSX.Element {
  const { trans, prefix } = useForm();
  const { environment } = editor.form;
  const path = ENVIRONMENT_KEYS[environment];
  const id = `${prefix}-environment-kind`;
  return (
    <>
      <div className="kk-Field">
        <label className="kk-Field-label" htmlFor={id}>
          {trans.__('Kind of environment')}
        </label>
        <HTMLSelect
          id={id}
          className="kk-Select"
          value={environment}
          onChange={event =>
            editor.setEnvironment(event.target.value as EnvironmentKind)
          }
        >
          <option value="conda">{trans.__('conda environment')}</option>
          <option value="venv">{trans.__('virtual environment (venv)')}</option>
          <option value="python">
            {trans.__('an interpreter by its path')}
          </option>
        </HTMLSelect>
      </div>
      <PathField
        key={environment}
        path={path}
        wanted={environment === 'python' ? 'interpreter' : environment}
        kind={environment === 'python' ? undefined : environment}
      />
    </>
  );
}

export function Naming({ editor }: ISectionProps): JSX.Element {
  const { trans } = useForm();
  const { recipe } = editor.form;
  const usual = [textAt(recipe, ['name']), textAt(recipe, ['version'])];
  return (
    <>
      <TextInput
        path={['recipe', 'display_name']}
        about={trans.__('What Jupyter shows in the launcher and the menus.')}
        placeholder={usual.filter(Boolean).join(' ')}
      />
      <div className="kk-Columns">
        <TextInput
          path={['recipe', 'name']}
          about={trans.__(
            'The software’s name; taken from it until you type one.'
          )}
        />
        <TextInput path={['recipe', 'version']} about="" />
        <Input
          path={['recipe', 'language']}
          about=""
          placeholder={trans.__('found out')}
        />
      </div>
      <TextInput path={['recipe', 'description']} multiline />
    </>
  );
}

export function Slurm({ editor }: ISectionProps): JSX.Element {
  return (
    <>
      <Tick path={['options', 'on_slurm']} about="" />
      {editor.form.options.on_slurm === true && (
        <>
          <SlurmFields />
          <Tick path={['options', 'keep']} />
        </>
      )}
    </>
  );
}

export function Variables(): JSX.Element {
  return (
    <>
      <PairsInput path={['recipe', 'env']} />
      <LinesInput path={['recipe', 'env_passthrough']} />
    </>
  );
}

export function Advanced({ editor }: ISectionProps): JSX.Element {
  const { trans, model } = useForm();
  const { parts, options } = editor.form;
  const isNew = !editor.origin.kernel;
  const onSlurm = options.on_slurm === true;
  return (
    <>
      {isNew && (
        <>
          <TextInput path={['options', 'as_name']} />
          <ChoiceInput
            path={['options', 'scope']}
            choices={[
              { value: 'user', label: trans.__('for me') },
              {
                value: 'project',
                label: trans.__('for this folder’s project')
              },
              {
                value: 'sys-prefix',
                label: trans.__('for all who use this Jupyter')
              }
            ]}
          />
        </>
      )}
      {parts.includes('modules') && (
        <>
          <ChoiceInput
            path={['recipe', 'modules', 'baseline']}
            label={trans.__('Modules start from')}
            choices={[
              { value: 'purge', label: trans.__('nothing (purge)') },
              {
                value: 'reset',
                label: trans.__('the site’s defaults (reset)')
              },
              { value: 'keep', label: trans.__('what the server has loaded') }
            ]}
          />
          <LinesInput path={['recipe', 'modules', 'use']} />
          <TextInput path={['recipe', 'modules', 'collection']} />
        </>
      )}
      {parts.includes('container') && (
        <>
          <LinesInput path={['recipe', 'container', 'binds']} />
          <PathField path={['recipe', 'container', 'overlay']} wanted="image" />
          <Tick path={['recipe', 'container', 'clean_env']} />
          <Tick path={['recipe', 'container', 'contain']} />
        </>
      )}
      <LinesInput path={['recipe', 'requires']} />
      <LinesInput path={['recipe', 'kernel', 'command']} />
      <ChoiceInput
        path={['recipe', 'kernel', 'interrupt_mode']}
        choices={[
          { value: 'signal', label: trans.__('a signal') },
          { value: 'message', label: trans.__('a message') }
        ]}
      />
      <Input path={['recipe', 'kernel', 'user_site']} />
      {onSlurm && getAt(model.values, ['options', 'in_job']) === undefined && (
        <>
          <TextInput path={['options', 'lease']} />
          <TextInput path={['options', 'idle']} />
        </>
      )}
      {onSlurm && <TextInput path={['options', 'in_job']} />}
      {onSlurm && textAt(model.values, ['options', 'in_job']) !== '' && (
        <TextInput path={['options', 'gpus']} />
      )}
      {onSlurm && <Tick path={['options', 'portable']} />}
      <TextInput path={['recipe', 'troubleshoot']} multiline />
    </>
  );
}

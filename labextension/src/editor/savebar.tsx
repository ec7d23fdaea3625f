/** Saving: the button, the steps that stream in, and what a failure offers. */
import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import { useSignal } from '../components/hooks';
import { ErrorState } from '../components/states';
import { TaskSteps } from '../components/tasks';
import { TASK_LOST } from '../tasks';
import { useForm } from './context';
import type { EditorModel } from './model';
import type { Saving } from './saving';

export interface ISaveBarProps {
  editor: EditorModel;
  saving: Saving;
  /** Open a notebook on the kernel that was saved. */
  onLaunch: (kernel: string) => void;
  onClose: () => void;
}

export function SaveBar(props: ISaveBarProps): JSX.Element {
  const { trans } = useForm();
  const { editor, saving, onLaunch, onClose } = props;
  useSignal(saving.changed);
  const { kernel } = editor.origin;
  const { running, task } = saving;
  const label = kernel ? trans.__('Save') : trans.__('Create kernel');
  const saved = task?.state === 'done' && !editor.dirty;
  return (
    <section className="kk-SaveBar" aria-label={trans.__('Saving')}>
      {saving.conflict && <ConflictNotice saving={saving} />}
      {saving.refusal && !saving.conflict && (
        <ErrorState error={saving.refusal} trans={trans} />
      )}
      {task && (
        <div className="kk-SaveBar-task" role="status" aria-live="polite">
          <TaskSteps task={task} trans={trans} />
          {task.state === 'failed' && task.error?.code !== TASK_LOST && (
            <p>
              {trans.__('Nothing was changed; what you typed is still here.')}
            </p>
          )}
          {saved && <p>{trans.__('%1 is saved.', kernel)}</p>}
        </div>
      )}
      <div className="kk-Actions">
        <Button
          className="jp-mod-styled jp-mod-accept kk-Button"
          aria-disabled={running || undefined}
          onClick={() => void saving.save()}
        >
          {running ? trans.__('Saving…') : label}
        </Button>
        {running && task && (
          <Button
            className="jp-mod-styled kk-Button"
            onClick={() => void saving.cancel()}
          >
            {trans.__('Cancel')}
          </Button>
        )}
        {saved && kernel && (
          <Button
            className="jp-mod-styled kk-Button"
            onClick={() => onLaunch(kernel)}
          >
            {trans.__('Open a notebook')}
          </Button>
        )}
        {!running && (
          <Button className="jp-mod-styled kk-Button" onClick={onClose}>
            {trans.__('Close')}
          </Button>
        )}
        <Trial editor={editor} />
      </div>
    </section>
  );
}

/** Whether and where the kernel is tried before it is put in place. */
function Trial({ editor }: { editor: EditorModel }): JSX.Element {
  const { trans, prefix } = useForm();
  const { no_test, test_on_slurm, on_slurm } = editor.form.options;
  const value = no_test ? 'none' : on_slurm && test_on_slurm ? 'slurm' : 'here';
  const choose = (chosen: string) => {
    editor.set(['options', 'no_test'], chosen === 'none' || undefined);
    editor.set(['options', 'test_on_slurm'], chosen === 'slurm' || undefined);
  };
  const id = `${prefix}-trial`;
  return (
    <span className="kk-Trial">
      <label htmlFor={id}>{trans.__('Before it is saved')}</label>
      <HTMLSelect
        id={id}
        className="kk-Select"
        value={value}
        onChange={event => choose(event.target.value)}
      >
        <option value="here">{trans.__('start it once, here')}</option>
        {on_slurm && (
          <option value="slurm">
            {trans.__('start it here, then in a job')}
          </option>
        )}
        <option value="none">{trans.__('do not try it')}</option>
      </HTMLSelect>
    </span>
  );
}

function ConflictNotice({ saving }: { saving: Saving }): JSX.Element {
  const { trans } = useForm();
  const changed = saving.conflict === 'changed';
  return (
    <div className="kk-Conflict" role="alert">
      <p className="kk-ErrorState-title">
        {changed
          ? trans.__(
              'This kernel was changed by somebody else since you opened it.'
            )
          : (saving.refusal?.message ??
            trans.__('A kernel of that name is there.'))}
      </p>
      <div className="kk-Actions">
        {changed && (
          <Button
            className="jp-mod-styled kk-Button"
            onClick={() => void saving.reload()}
          >
            {trans.__('Drop my changes, load theirs')}
          </Button>
        )}
        <Button
          className="jp-mod-styled jp-mod-warn kk-Button"
          onClick={() =>
            void saving.save(changed ? { overwrite: true } : { replace: true })
          }
        >
          {changed
            ? trans.__('Save over theirs')
            : trans.__('Replace that kernel')}
        </Button>
      </div>
    </div>
  );
}

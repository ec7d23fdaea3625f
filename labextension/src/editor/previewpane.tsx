/** What a save would write, and what keeps it from being written. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { IPreview, IPreviewFile, IProblem } from '../api';
import { DiffText } from '../components/difftext';
import { EmptyState, ErrorState } from '../components/states';
import { attentionIcon, failedIcon } from '../icons';
import { useForm, specOf } from './context';
import type { EditorModel } from './model';
import { Tabs } from './tabs';
import type { Path } from './tree';

interface IShownFile {
  id: string;
  file: IPreviewFile;
}

export function PreviewPane({ editor }: { editor: EditorModel }): JSX.Element {
  const { trans } = useForm();
  const { missing, preview, failure } = editor;
  return (
    <section className="kk-Preview" aria-label={trans.__('Preview')}>
      <p className="kk-Preview-status" role="status">
        {statusOf(editor, trans)}
      </p>
      {failure && (
        <ErrorState
          error={failure}
          onRetry={() => editor.retry()}
          trans={trans}
        />
      )}
      {missing.length > 0 ? (
        <Needed editor={editor} missing={missing} />
      ) : (
        <ProblemLinks editor={editor} problems={editor.problems} />
      )}
      {preview && Object.keys(preview.files).length > 0 && (
        <Files preview={preview} pending={editor.previewPending} />
      )}
    </section>
  );
}

function statusOf(editor: EditorModel, trans: TranslationBundle): string {
  const { missing, preview, failure, problems } = editor;
  if (missing.length > 0 || failure) {
    return '';
  }
  if (editor.previewPending) {
    return preview
      ? trans.__('Bringing the preview up to date…')
      : trans.__(
          'Making the preview: modules are loaded and the interpreter is asked…'
        );
  }
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    return trans._n(
      '%1 problem keeps it from being saved.',
      '%1 problems keep it from being saved.',
      errors.length
    );
  }
  return preview ? trans.__('This is what would be saved.') : '';
}

/** Before there is anything to preview: what to do first. */
function Needed(props: { editor: EditorModel; missing: Path[] }): JSX.Element {
  const form = useForm();
  const { trans } = form;
  const { editor, missing } = props;
  return (
    <>
      <EmptyState
        title={trans.__('The files of the kernel appear here.')}
        text={trans.__('Still needed:')}
      />
      <ul className="kk-ProblemLinks">
        {missing.map(path => (
          <li key={path.join()}>
            <button
              type="button"
              className="kk-LinkButton"
              onClick={() => editor.focus(path)}
            >
              {path[0] === 'parts'
                ? trans.__('what it is made of')
                : specOf(form, path).label}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** All problems; each leads to its field. */
function ProblemLinks(props: {
  editor: EditorModel;
  problems: IProblem[];
}): JSX.Element | null {
  const form = useForm();
  const { trans } = form;
  const { editor, problems } = props;
  if (problems.length === 0) {
    return null;
  }
  return (
    <ul className="kk-ProblemLinks" aria-label={trans.__('Problems')}>
      {problems.map(({ path, message, detail, hint, severity }) => {
        const Icon = severity === 'error' ? failedIcon : attentionIcon;
        const spec = path.length > 1 ? specOf(form, path) : null;
        return (
          <li
            key={`${path.join('.')} ${message}`}
            className={`kk-mod-${severity}`}
          >
            <Icon.react tag="span" aria-hidden="true" />
            <span>
              {spec && (
                <button
                  type="button"
                  className="kk-LinkButton"
                  aria-label={trans.__('Go to %1', spec.label)}
                  onClick={() => editor.focus(path)}
                >
                  {spec.label}
                </button>
              )}{' '}
              {message} {!detail && hint}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function Files(props: { preview: IPreview; pending: boolean }): JSX.Element {
  const { trans } = useForm();
  const { preview, pending } = props;
  const [current, setCurrent] = useState('kernel.json');
  const [whole, setWhole] = useState(false);
  const shown: IShownFile[] = [
    { id: 'kernel.json', file: preview.files['kernel.json'] },
    { id: 'launch.sh', file: preview.files['launch.sh'] },
    { id: 'sbatch', file: preview.sbatch }
  ].filter((one): one is IShownFile => Boolean(one.file));
  const { id, file } = shown.find(one => one.id === current) ?? shown[0];
  const edits = shown.some(one => one.file.diff);
  return (
    <div className={pending ? 'kk-mod-pending' : undefined} aria-busy={pending}>
      <Tabs
        label={trans.__('Files')}
        tabs={shown.map(one => ({
          id: one.id,
          label: one.file.diff ? trans.__('%1 (changed)', one.id) : one.id
        }))}
        current={id}
        onSelect={setCurrent}
      >
        {edits && (
          <label className="kk-Preview-whole">
            <input
              type="checkbox"
              className="jp-mod-styled"
              checked={whole}
              onChange={event => setWhole(event.target.checked)}
            />
            {trans.__('Show the whole file, not only the changes')}
          </label>
        )}
        {edits && !whole && !file.diff && <p>{trans.__('No change.')}</p>}
        {(!edits || whole || file.diff) && (
          <pre className="kk-Code" tabIndex={0} role="region" aria-label={id}>
            {edits && !whole ? <DiffText diff={file.diff} /> : file.text}
          </pre>
        )}
      </Tabs>
    </div>
  );
}

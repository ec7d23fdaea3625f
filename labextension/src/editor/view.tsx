/** The editor: the form, and beside or below it what it comes to. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useMemo, useState } from 'react';

import { useSignal } from '../components/hooks';
import { failedIcon } from '../icons';
import { FormContext } from './context';
import { focusField } from './focusfield';
import type { EditorModel } from './model';
import { PreviewPane } from './previewpane';
import { SaveBar } from './savebar';
import type { Saving } from './saving';
import { Advanced, Naming, Slurm, Software, Variables } from './sections';
import type { Path } from './tree';

type SectionId = 'software' | 'naming' | 'slurm' | 'variables' | 'advanced';

export interface IEditorViewProps {
  editor: EditorModel;
  saving: Saving;
  trans: TranslationBundle;
  prefix: string;
  /** Whether Slurm is there at all; null while not known. */
  slurm: boolean | null;
  onLaunch: (kernel: string) => void;
  onClose: () => void;
}

export function EditorView(props: IEditorViewProps): JSX.Element {
  const { editor, saving, trans, prefix, slurm } = props;
  const [open, setOpen] = useState(() => firstOpen(editor));
  useSignal(editor.changed);
  useFocusRequests(editor, prefix, section =>
    setOpen(now => new Set(now).add(section))
  );
  const context = useMemo(
    () => ({ model: editor, trans, prefix }),
    [editor, trans, prefix]
  );
  const { kernel } = editor.origin;
  const section = (id: SectionId, title: string, content: JSX.Element) => (
    <Section
      title={title}
      errors={errorsIn(editor, id)}
      trans={trans}
      open={open.has(id)}
      onToggle={isOpen =>
        setOpen(now => {
          const next = new Set(now);
          return isOpen ? next.add(id) : (next.delete(id), next);
        })
      }
    >
      {content}
    </Section>
  );
  return (
    <FormContext.Provider value={context}>
      <div className="kk-EditorScroll">
        <div className="kk-Editor">
          <form
            className="kk-Editor-form"
            aria-label={
              kernel ? trans.__('Edit %1', kernel) : trans.__('New kernel')
            }
            onSubmit={event => {
              event.preventDefault();
              void saving.save();
            }}
          >
            <h2 className="kk-Editor-title">
              {kernel ? trans.__('Edit %1', kernel) : trans.__('New kernel')}
            </h2>
            {section(
              'software',
              trans.__('Software'),
              <Software editor={editor} />
            )}
            {section(
              'naming',
              trans.__('Name and appearance'),
              <Naming editor={editor} />
            )}
            {slurm !== false &&
              section('slurm', trans.__('Slurm'), <Slurm editor={editor} />)}
            {section('variables', trans.__('Variables'), <Variables />)}
            {section(
              'advanced',
              trans.__('Advanced'),
              <Advanced editor={editor} />
            )}
          </form>
          <PreviewPane editor={editor} />
        </div>
        <SaveBar
          editor={editor}
          saving={saving}
          onLaunch={props.onLaunch}
          onClose={props.onClose}
        />
      </div>
    </FormContext.Provider>
  );
}

interface ISectionFrameProps {
  title: string;
  errors: number;
  open: boolean;
  onToggle: (open: boolean) => void;
  trans: TranslationBundle;
  children: React.ReactNode;
}

function Section(props: ISectionFrameProps): JSX.Element {
  const { title, errors, open, onToggle, trans, children } = props;
  return (
    <details
      className="kk-Section"
      open={open}
      onToggle={event => onToggle(event.currentTarget.open)}
    >
      <summary className="kk-Section-head">
        {title}
        {errors > 0 && (
          <span className="kk-Section-errors">
            <failedIcon.react tag="span" aria-hidden="true" />
            {trans._n('%1 problem', '%1 problems', errors)}
          </span>
        )}
      </summary>
      {open && <div className="kk-Section-body">{children}</div>}
    </details>
  );
}

/** Show the section of the field that is wanted, then give it the focus. */
function useFocusRequests(
  editor: EditorModel,
  prefix: string,
  show: (section: SectionId) => void
): void {
  useEffect(() => {
    const slot = (_: unknown, { path }: { path: Path }) => {
      show(sectionOf(path));
      requestAnimationFrame(() => focusField(prefix, path));
    };
    editor.focusRequested.connect(slot);
    return () => {
      editor.focusRequested.disconnect(slot);
    };
  }, [editor, prefix]);
}

const NAMING = ['name', 'version', 'display_name', 'description', 'language'];
const SOFTWARE = [
  'modules',
  'container',
  'conda',
  'venv',
  'python',
  'wrap',
  'packages'
];
const FOLDED: Record<string, string[]> = {
  modules: ['use', 'collection', 'baseline'],
  container: ['binds', 'overlay', 'clean_env', 'contain']
};

function sectionOf(path: Path): SectionId {
  const [part, key, inner] = path;
  if (part === 'parts') {
    return 'software';
  }
  if (part === 'options') {
    return key === 'on_slurm' || key === 'keep' ? 'slurm' : 'advanced';
  }
  if (key === 'resources') {
    return 'slurm';
  }
  if (NAMING.includes(key)) {
    return 'naming';
  }
  if (key === 'env' || key === 'env_passthrough') {
    return 'variables';
  }
  const folded = FOLDED[key]?.includes(inner);
  return SOFTWARE.includes(key) && !folded ? 'software' : 'advanced';
}

function errorsIn(editor: EditorModel, section: SectionId): number {
  return editor.problems.filter(
    ({ path, severity }) =>
      severity === 'error' && path.length > 0 && sectionOf(path) === section
  ).length;
}

/** The parts in which something stands; of a new kernel, the first two. */
function firstOpen(editor: EditorModel): Set<SectionId> {
  const { recipe, options } = editor.form;
  const open = new Set<SectionId>(['software', 'naming']);
  if (options.on_slurm || !editor.origin.kernel) {
    open.add('slurm');
  }
  if (recipe.env || recipe.env_passthrough) {
    open.add('variables');
  }
  return open;
}

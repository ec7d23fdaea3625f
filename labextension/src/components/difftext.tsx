import React from 'react';

export type DiffKind = 'added' | 'removed' | 'place' | 'same';

export interface IDiffLine {
  kind: DiffKind;
  text: string;
}

/** The lines of a unified diff; its two heads of file names are left out. */
export function diffLines(diff: string): IDiffLine[] {
  const lines = diff.replace(/\n$/, '').split('\n');
  const start = lines[0].startsWith('--- ') ? 2 : 0;
  return lines.slice(start).map(text => ({ kind: kindOf(text), text }));
}

/** The lines of a unified diff, for what is in a `kk-Code`. */
export function DiffText({ diff }: { diff: string }): JSX.Element {
  return (
    <>
      {diffLines(diff).map(({ kind, text }, index) => (
        <span className={`kk-Code-line kk-mod-${kind}`} key={index}>
          {text}
          {'\n'}
        </span>
      ))}
    </>
  );
}

function kindOf(line: string): DiffKind {
  switch (line[0]) {
    case '+':
      return 'added';
    case '-':
      return 'removed';
    case '@':
      return 'place';
    default:
      return 'same';
  }
}

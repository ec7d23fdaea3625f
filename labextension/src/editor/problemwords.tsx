import React from 'react';

import type { IProblem } from '../api';
import { Detail } from '../components/states';
import { Words } from '../components/words';
import { useForm } from './context';

/** What is wrong, what a program printed of it, and what to do. */
export function ProblemWords(
  props: Pick<IProblem, 'message' | 'detail' | 'hint'>
): JSX.Element {
  const { trans } = useForm();
  const { message, detail, hint } = props;
  return (
    <div className="kk-ProblemWords">
      <Words text={message} /> {!detail && <Words text={hint} />}
      {detail && (
        <>
          <Detail text={detail} trans={trans} />
          <Words text={hint} />
        </>
      )}
    </div>
  );
}

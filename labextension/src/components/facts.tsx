import React from 'react';

export interface IFactsProps {
  /** Terms with what is to be said of them; one with nothing is left out. */
  facts: [string, string][];
}

/** What an open row tells, term by term. */
export function Facts({ facts }: IFactsProps): JSX.Element {
  return (
    <dl>
      {facts
        .filter(([, value]) => value)
        .map(([term, value]) => (
          <React.Fragment key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

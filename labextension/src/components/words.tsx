import React from 'react';

/** The server's words, with what stands in backticks as code. */
export function Words({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(/`([^`]+)`/).map((part, index) =>
        index % 2 ? (
          <code className="kk-Words-code" key={index}>
            {part}
          </code>
        ) : (
          part
        )
      )}
    </>
  );
}

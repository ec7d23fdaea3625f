import React, { useState } from 'react';

export interface ILogoProps {
  /** Absent where the kernel has none. */
  url?: string;
  /** Whose first letter stands in for it. */
  name: string;
}

/** The picture that the launcher's card has, or the letter that it has. */
export function Logo(props: ILogoProps): JSX.Element {
  const { url, name } = props;
  const [failed, setFailed] = useState(false);
  if (url && !failed) {
    return (
      <img
        className="kk-Logo"
        src={url}
        alt=""
        loading="lazy"
        onError={() => setFailed(true)}
      />
    );
  }
  const letter = [...name.trim()][0] ?? '?';
  return (
    <span className="kk-Logo kk-mod-letter" aria-hidden="true">
      {letter.toUpperCase()}
    </span>
  );
}

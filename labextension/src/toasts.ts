/** Texts that fit JupyterLab's notifications, which cut what is longer. */

/** Characters that JupyterLab shows of a notification. */
export const TOAST_ROOM = 140;

/** Characters that a name leaves to what is said of it. */
const NAME_ROOM = 40;

/** `name: words`, short enough to be shown as a whole. */
export function toast(name: string, words: string): string {
  return cut(`${shortName(name)}: ${words}`, TOAST_ROOM);
}

/** A name for a sentence in a notification. */
export function shortName(name: string): string {
  return cut(name, NAME_ROOM);
}

/** The beginning of a text that is longer than `most` characters. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

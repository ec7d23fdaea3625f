import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';

import type { IProblem } from '../api';
import type { FieldSpecs, IFieldSpec } from './fieldspec';
import { getAt, type Path } from './tree';

/** The tables of a form that hold numbers. */
const TABLES: Path[] = [['recipe', 'resources'], ['options']];

/**
 * What stands where a whole number belongs. It is never sent: the server
 * refuses a body of the wrong types as a whole.
 */
export function numberFaults(
  values: JSONObject,
  specs: FieldSpecs,
  trans: TranslationBundle
): IProblem[] {
  const found: IProblem[] = [];
  for (const path of TABLES.flatMap(table => specs.keys(table))) {
    const spec = specs.get(path);
    const value = getAt(values, path);
    if (spec?.type === 'whole' && value !== undefined && !fits(value, spec)) {
      found.push({
        path: [...path],
        message: wanted(spec, trans),
        hint: '',
        severity: 'error'
      });
    }
  }
  return found;
}

function fits(value: unknown, spec: IFieldSpec): boolean {
  const { minimum = -Infinity, maximum = Infinity } = spec;
  return typeof value === 'number' && value >= minimum && value <= maximum;
}

function wanted(
  { minimum, maximum }: IFieldSpec,
  trans: TranslationBundle
): string {
  if (minimum !== undefined && maximum !== undefined) {
    return trans.__('Give a whole number from %1 to %2.', minimum, maximum);
  }
  return minimum !== undefined
    ? trans.__('Give a whole number, at least %1.', minimum)
    : trans.__('Give a whole number.');
}

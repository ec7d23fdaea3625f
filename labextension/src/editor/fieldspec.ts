/** The server's JSON Schemas as a form reads them: one description a key. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject, JSONValue } from '@lumino/coreutils';

import type { ISchemas } from '../api';
import { isObject, without, type Path } from './tree';

export type FieldType =
  'text' | 'whole' | 'truth' | 'choice' | 'list' | 'map' | 'table';

export interface IFieldSpec {
  path: Path;
  type: FieldType;
  label: string;
  description: string;
  example: string;
  required: boolean;
  /** Whether leaving it out means something else than any of its values. */
  optional: boolean;
  choices: string[];
  suggestions: string[];
  minimum?: number;
  maximum?: number;
  fallback?: JSONValue;
}

/** The form's two parts: `recipe` and `options`, each by its own schema. */
export class FieldSpecs {
  constructor(
    private readonly _schemas: ISchemas,
    private readonly _trans: TranslationBundle
  ) {}

  /** What the schema says of a key; null for one that this server lacks. */
  get(path: Path): IFieldSpec | null {
    const [part, ...keys] = path;
    const root =
      part === 'options' ? this._schemas.options : this._schemas.recipe;
    let at: JSONObject = resolved(root, root);
    let required = false;
    let optional = false;
    for (const key of keys) {
      const properties = at.properties;
      if (!isObject(properties) || !isObject(properties[key])) {
        return null;
      }
      required = (at.required as string[] | undefined)?.includes(key) ?? false;
      optional = isNullable(properties[key]);
      at = resolved(properties[key], root);
    }
    const name = (part === 'options' ? path : keys).join('.');
    return {
      path,
      type: typeOf(at),
      label: this._translated(
        this._hint('labels', name) ?? keys[keys.length - 1]
      ),
      description: this._translated(text(at.description)),
      example: this._hint('examples', name) ?? '',
      required,
      optional,
      choices: (at.enum as string[] | undefined) ?? [],
      suggestions: this._suggestions(name),
      minimum: at.minimum as number | undefined,
      maximum: at.maximum as number | undefined,
      fallback: at.default
    };
  }

  /** The paths of the keys in a table of the recipe, such as `resources`. */
  keys(path: Path): Path[] {
    const [part, ...keys] = path;
    const root =
      part === 'options' ? this._schemas.options : this._schemas.recipe;
    let at = resolved(root, root);
    for (const key of keys) {
      const properties = at.properties;
      at =
        isObject(properties) && isObject(properties[key])
          ? resolved(properties[key], root)
          : {};
    }
    return Object.keys(isObject(at.properties) ? at.properties : {}).map(
      key => [...path, key]
    );
  }

  private _hint(table: string, name: string): string | undefined {
    const hints = this._schemas.ui[table];
    return isObject(hints) ? (hints[name] as string | undefined) : undefined;
  }

  /** The server's words, which stand in one place for all front ends. */
  private _translated(words: string): string {
    // eslint-disable-next-line jupyter/no-dynamic-translation
    return words && this._trans.__(words);
  }

  private _suggestions(name: string): string[] {
    const hints = this._schemas.ui.suggestions;
    return isObject(hints) ? ((hints[name] as string[] | undefined) ?? []) : [];
  }
}

/** `T | null` is how the schema writes a key that may be left out. */
function isNullable(schema: JSONObject): boolean {
  return branches(schema).some(branch => branch.type === 'null');
}

function branches(schema: JSONObject): JSONObject[] {
  return Array.isArray(schema.anyOf) ? schema.anyOf.filter(isObject) : [];
}

function resolved(schema: JSONObject, root: JSONObject): JSONObject {
  const branch = branches(schema).find(one => one.type !== 'null');
  if (branch) {
    return { ...resolved(branch, root), ...without(schema, 'anyOf') };
  }
  if (typeof schema.$ref !== 'string') {
    return schema;
  }
  const name = schema.$ref.split('/').pop() ?? '';
  const found = isObject(root.$defs) ? root.$defs[name] : undefined;
  return isObject(found) ? resolved(found, root) : {};
}

function typeOf(schema: JSONObject): FieldType {
  if (Array.isArray(schema.enum)) {
    return 'choice';
  }
  switch (schema.type) {
    case 'integer':
      return 'whole';
    case 'boolean':
      return 'truth';
    case 'array':
      return 'list';
    case 'object':
      return isObject(schema.properties) ? 'table' : 'map';
    default:
      return 'text';
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

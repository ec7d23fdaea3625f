/** The server's schemas, cut down to what these tests need; and an inventory. */
import type { IInventory, IPartition, ISchemas } from '../../api';

const text = { type: 'string', default: '' };
const maybe = (schema: object) => ({
  anyOf: [schema, { type: 'null' }],
  default: null
});
const list = { type: 'array', items: { type: 'string' }, default: [] };

export const schemas = {
  recipe: {
    $ref: '#/$defs/Recipe',
    $defs: {
      Recipe: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { description: 'Its name.', type: 'string' },
          version: text,
          display_name: text,
          env: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {}
          },
          modules: maybe({ $ref: '#/$defs/Modules' }),
          container: maybe({ $ref: '#/$defs/Container' }),
          resources: maybe({ $ref: '#/$defs/Resources' })
        }
      },
      Modules: {
        type: 'object',
        properties: {
          load: list,
          baseline: maybe({ enum: ['keep', 'purge', 'reset'] })
        }
      },
      Container: {
        type: 'object',
        required: ['image'],
        properties: {
          image: { type: 'string' },
          gpu: { enum: ['auto', 'none'], default: 'auto' },
          clean_env: { type: 'boolean', default: false }
        }
      },
      Resources: {
        type: 'object',
        properties: {
          time: maybe({ type: 'string' }),
          cpus: maybe({ type: 'integer', minimum: 1 })
        }
      }
    }
  },
  options: {
    $ref: '#/$defs/Options',
    $defs: {
      Options: {
        type: 'object',
        properties: {
          on_slurm: { type: 'boolean', default: false },
          idle: { type: 'integer', minimum: 0, maximum: 86400, default: 0 },
          in_job: text
        }
      }
    }
  },
  ui: {
    labels: { 'resources.time': 'Time limit', 'options.on_slurm': 'In a job' },
    examples: { 'resources.time': '4:00:00' },
    suggestions: {}
  }
} as unknown as ISchemas;

export function partition(changes: Partial<IPartition> = {}): IPartition {
  return {
    name: 'cpu',
    is_default: true,
    state: 'UP',
    max_time: 86400,
    default_time: 3600,
    min_nodes: 0,
    max_nodes: null,
    max_cpus_per_node: null,
    max_memory_per_node: null,
    accounts: [],
    denied_accounts: [],
    qos: [],
    denied_qos: [],
    needs_reservation: false,
    nodes: { idle: 2 },
    cpus: 16,
    cpus_idle: 12,
    node_cpus: 8,
    node_memory: 32 * 1024,
    gpus: [],
    features: [],
    ...changes
  };
}

export function inventory(changes: Partial<IInventory> = {}): IInventory {
  const a100 = { kind: 'a100', total: 8, free: 3, per_node: 4 };
  return {
    taken: 1_700_000_000,
    now: 1_700_000_000,
    cluster: 'test',
    partitions: [
      partition(),
      partition({ name: 'gpu', is_default: false, gpus: [a100] })
    ],
    nodes: ['g1', 'g2'].map((name, index) => ({
      name,
      partitions: ['gpu'],
      gpus: [{ ...a100, total: 4, free: index === 0 ? 3 : 0 }]
    })),
    associations: [],
    qos: [],
    reservations: [],
    problems: [],
    ...changes
  };
}

// `limit: 5`, `limit: { runs: 5 }` or `limit: { successes: 1, then: delete }`.

import { ok } from '../result.ts'
import type { Limit } from './definition.ts'
import { checkKeys, field, fieldsSchema, record } from './shape-record.ts'
import { own } from './shape-collection.ts'
import { bad, choice, integer, type Shape } from './shape.ts'

const count = integer(1, 1_000_000)
const afterwards = choice<Limit['afterwards']>(['pause', 'delete'])
const hint = 'write limit: { runs: 5, then: pause } or { successes: 1, then: delete }'

const normalised = record<Limit>({
  of: field(null, choice<Limit['of']>(['runs', 'successes']), 'what is counted'),
  count: field(null, count, 'how many'),
  afterwards: field(null, afterwards, 'what happens then'),
})

const written = {
  runs: field('runs', count, 'executions, however they ended'),
  successes: field('successes', count, 'executions that ended well'),
  afterwards: field('then', afterwards, 'what happens then', 'pause'),
}

/** When a job is over. */
export const limit: Shape<Limit> = {
  parse: (value, path) => {
    if (typeof value === 'number') {
      const read = count.parse(value, path)
      return read.ok ? ok({ of: 'runs', count: read.value, afterwards: 'pause' }) : read
    }
    const keys = checkKeys(written, value, path, {})
    if (!keys.ok) return keys
    const given = (['runs', 'successes'] as const).filter(
      (key) => own(keys.value, key) !== undefined,
    )
    const [of] = given
    if (of === undefined) return bad(path, 'says not of what', hint)
    if (given.length > 1) return bad(path, 'has both runs and successes', hint)
    const many = count.parse(keys.value[of], `${path}.${of}`)
    if (!many.ok) return many
    const then = own(keys.value, 'then')
    const end = then === undefined ? ok('pause' as const) : afterwards.parse(then, `${path}.then`)
    return end.ok ? ok({ of, count: many.value, afterwards: end.value }) : end
  },
  check: normalised.check,
  print: ({ of, count, afterwards }) =>
    of === 'runs' && afterwards === 'pause'
      ? count
      : Object.fromEntries<unknown>([
          [of, count],
          ['then', afterwards],
        ]),
  schema: {
    anyOf: [
      count.schema,
      {
        type: 'object',
        properties: fieldsSchema(written)['properties'],
        additionalProperties: false,
        oneOf: [{ required: ['runs'] }, { required: ['successes'] }],
      },
    ],
  },
}

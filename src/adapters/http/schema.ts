// Every answer of the native API: a type for those who write or read it, and beside it the schema
// that the OpenAPI document shows. Names are in camelCase, instants are RFC 3339 in UTC.

export * from './schema/typed.ts'
export * from './schema/calendar.ts'
export * from './schema/channel.ts'
export * from './schema/execution.ts'
export * from './schema/happening.ts'
export * from './schema/invite.ts'
export * from './schema/job.ts'
export * from './schema/member.ts'
export * from './schema/plan.ts'
export * from './schema/problem.ts'
export * from './schema/status.ts'
export * from './schema/token.ts'

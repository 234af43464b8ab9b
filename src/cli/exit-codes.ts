/** Exit codes that scripts branch on. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  unreachable: 5,
  partial: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

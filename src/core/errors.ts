/** What an error code means to a person, a shell and an HTTP client. */
export interface ErrorMeaning {
  readonly meaning: string
  /** Exit code of the command line. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6
  /** HTTP status. */
  readonly status: number
}

export type ErrorCode =
  | 'MC_BAD_INPUT'
  | 'MC_BAD_SCHEDULE'
  | 'MC_BAD_TIMEZONE'
  | 'MC_PAST_INSTANT'
  | 'MC_NAME_CLASH'
  | 'MC_EXISTS'
  | 'MC_CONFLICT'
  | 'MC_UNKNOWN_JOB'
  | 'MC_UNKNOWN_CALENDAR'
  | 'MC_UNKNOWN_CHANNEL'
  | 'MC_NOT_DELIVERED'
  | 'MC_IN_USE'
  | 'MC_CYCLE'
  | 'MC_UNKNOWN_EXECUTION'
  | 'MC_UNKNOWN_MEMBER'
  | 'MC_UNKNOWN_TOKEN'
  | 'MC_NOT_RUNNING'
  | 'MC_PAUSED'
  | 'MC_KEY_REUSED'
  | 'MC_MEMBER_UNREACHABLE'
  | 'MC_CATALOG_FULL'
  | 'MC_CLOCK_FULL'
  | 'MC_STORE_FAILED'
  | 'MC_STORE_CORRUPT'
  | 'MC_BODY_TOO_LARGE'
  | 'MC_BUSY'
  | 'MC_UNAUTHORISED'
  | 'MC_FORBIDDEN'
  | 'MC_NOT_FOUND'
  | 'MC_PORT_IN_USE'
  | 'MC_DATA_DIR'
  | 'MC_DATA_DIR_LOCKED'
  | 'MC_BAD_CONFIG'
  | 'MC_BAD_TOKEN'
  | 'MC_NOT_INVITED'
  | 'MC_UNKNOWN_INVITE'
  | 'MC_UNREACHABLE'
  | 'MC_INTERNAL'

/** Every code that meshcron shows to the outside. Callers branch on the code, never on a text. */
export const errors: Readonly<Record<ErrorCode, ErrorMeaning>> = {
  MC_BAD_INPUT: {
    meaning: 'a value is missing, unknown or of the wrong form',
    exit: 2,
    status: 400,
  },
  MC_BAD_SCHEDULE: {
    meaning: 'the schedule cannot be read or never matches',
    exit: 2,
    status: 400,
  },
  MC_BAD_TIMEZONE: { meaning: 'the timezone is not an IANA name known here', exit: 2, status: 400 },
  MC_PAST_INSTANT: { meaning: 'an @at instant lies in the past', exit: 2, status: 400 },
  MC_NAME_CLASH: { meaning: 'another job has this name in different case', exit: 4, status: 409 },
  MC_EXISTS: { meaning: 'a job or calendar of this name exists', exit: 4, status: 409 },
  MC_CONFLICT: { meaning: 'the job or calendar changed since it was read', exit: 4, status: 412 },
  MC_UNKNOWN_JOB: { meaning: 'no job of this name', exit: 3, status: 404 },
  MC_UNKNOWN_CALENDAR: { meaning: 'no calendar of this name', exit: 3, status: 404 },
  MC_UNKNOWN_CHANNEL: { meaning: 'the node has no channel of this name', exit: 3, status: 404 },
  MC_NOT_DELIVERED: { meaning: 'the channel did not take the message', exit: 1, status: 502 },
  MC_CYCLE: { meaning: 'the edges would close a cycle', exit: 4, status: 409 },
  MC_IN_USE: { meaning: 'jobs refer to the calendar', exit: 4, status: 409 },
  MC_UNKNOWN_EXECUTION: { meaning: 'no execution of this id', exit: 3, status: 404 },
  MC_UNKNOWN_MEMBER: { meaning: 'no member of this id or name', exit: 3, status: 404 },
  MC_UNKNOWN_TOKEN: { meaning: 'no token of this id', exit: 3, status: 404 },
  MC_PAUSED: { meaning: 'the job is paused', exit: 4, status: 409 },
  MC_KEY_REUSED: {
    meaning: 'the idempotency key was used for something else',
    exit: 4,
    status: 409,
  },
  MC_NOT_RUNNING: { meaning: 'the execution is not running', exit: 4, status: 409 },
  MC_MEMBER_UNREACHABLE: {
    meaning: 'the member that would have to act cannot be reached',
    exit: 5,
    status: 503,
  },
  MC_CATALOG_FULL: { meaning: 'the fleet holds as many jobs as it may', exit: 1, status: 507 },
  MC_CLOCK_FULL: { meaning: 'too many actors have written this job', exit: 1, status: 507 },
  MC_STORE_FAILED: { meaning: 'the store cannot be written', exit: 1, status: 507 },
  MC_STORE_CORRUPT: { meaning: 'the store is damaged', exit: 1, status: 500 },
  MC_BODY_TOO_LARGE: { meaning: 'the body is larger than 1 MiB', exit: 2, status: 413 },
  MC_BUSY: { meaning: 'the node has more to do than it may queue', exit: 1, status: 503 },
  MC_UNAUTHORISED: { meaning: 'the token is missing or wrong', exit: 1, status: 401 },
  MC_FORBIDDEN: { meaning: 'the request is not allowed from there', exit: 1, status: 403 },
  MC_NOT_FOUND: { meaning: 'no such path', exit: 3, status: 404 },
  MC_PORT_IN_USE: { meaning: 'another process listens on the port', exit: 1, status: 500 },
  MC_DATA_DIR: { meaning: 'the data directory cannot be used', exit: 1, status: 500 },
  MC_DATA_DIR_LOCKED: { meaning: 'a running node uses the data directory', exit: 1, status: 500 },
  MC_BAD_CONFIG: { meaning: 'the configuration cannot be used', exit: 2, status: 500 },
  MC_BAD_TOKEN: { meaning: 'the join token cannot be read', exit: 2, status: 400 },
  MC_NOT_INVITED: {
    meaning: 'the cluster does not take the node, or not as it asked',
    exit: 1,
    status: 403,
  },
  MC_UNKNOWN_INVITE: { meaning: 'no invite of this id', exit: 3, status: 404 },
  MC_UNREACHABLE: { meaning: 'no daemon answers', exit: 5, status: 503 },
  MC_INTERNAL: { meaning: 'a programming error', exit: 1, status: 500 },
}

import type { Job, Member, Plan, Status } from '../answers.ts'

/** A file of the data directory. */
export interface FileFact {
  readonly path: string
  /** Permission bits. */
  readonly mode: number
}

/** What a daemon answered. */
export interface DaemonFacts {
  readonly status: Status
  readonly members: readonly Member[]
  readonly jobs: readonly Job[]
  readonly plan: Plan
}

/** A machine and its daemon, as far as they could be looked at. */
export interface DoctorFacts {
  readonly config:
    | {
        readonly ok: true
        readonly dataDir: string
        readonly http: { readonly host: string; readonly port: number }
        /** The API has a certificate of its own. */
        readonly isTls?: boolean
      }
    | { readonly ok: false; readonly message: string; readonly hint: string }
  /** The keys and the token; undefined while there is no data directory. */
  readonly secrets: readonly FileFact[] | undefined
  readonly daemon: DaemonFacts | { readonly message: string; readonly hint: string }
  /** Whether the asked daemon is the one of this machine's data directory. */
  readonly isLocal: boolean
  /** Whether something accepts connections where the API of this machine listens. */
  readonly httpIsTaken: boolean
  /** Addresses of members without a link that accept a connection from here, or do not. */
  readonly reached: readonly {
    readonly member: string
    readonly address: string
    readonly opened: boolean
  }[]
  readonly disk:
    | {
        readonly totalBytes: number
        readonly freeBytes: number
        readonly device: string
        readonly fileSystem: string
      }
    | undefined
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number }
  /** Programs that jobs of this machine start, and whether they are here. */
  readonly programs: readonly { readonly program: string; readonly isHere: boolean }[]
}

/** What a check says. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warn' | 'bad'
  readonly message: string
  /** What to do; empty when all is well. */
  readonly fix: string
}

import type { Notice } from '../core/notify/notice.ts'

/** How a channel reaches people. */
export type Channel =
  | {
      readonly kind: 'webhook'
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      /** Body with `{{name}}` for the parts of the message; null: all of them as JSON. */
      readonly template: string | null
      /** Key of the signature; null: none is sent. */
      readonly secret: string | null
      /** Whether it may be in a private network. */
      readonly allowPrivate: boolean
    }
  /** Called at URL/start, URL and URL/fail, as watchers of cron jobs want it. */
  | { readonly kind: 'ping'; readonly url: string; readonly allowPrivate: boolean }
  /** A program that gets the message as JSON on its standard input. */
  | { readonly kind: 'exec'; readonly argv: readonly string[] }
  | {
      readonly kind: 'email'
      readonly host: string
      readonly port: number
      /** `tls`: from the first byte; `starttls`: before anything is said; `none`: never. */
      readonly security: 'tls' | 'starttls' | 'none'
      /** Empty: nobody logs in. */
      readonly username: string
      readonly password: string
      readonly from: string
      readonly to: readonly string[]
    }
  | {
      readonly kind: 'mqtt'
      readonly url: string
      readonly topic: string
      readonly qos: 0 | 1 | 2
      readonly retain: boolean
      readonly username: string
      readonly password: string
      readonly allowPrivate: boolean
    }

/** The parts of a message by name, for templates. */
export const partNames: readonly string[] = [
  'id',
  'event',
  'text',
  'body',
  'at',
  'isReminder',
  'job',
  'execution',
  'due',
  'dueLocal',
  'timezone',
  'member',
  'node',
  'outcome',
  'reason',
  'attempts',
  'streak',
  'others',
  'link',
  'output',
  'notices',
]

/** Brings messages to people, through the channels of this node. */
export interface Notifier {
  readonly channels: readonly string[]
  /**
   * Delivers one message, or several as a digest, within `noticeTimeoutMs`. Resolves with why it could
   * not, and with undefined when it did; never rejects. A message may come again with the same ids.
   */
  deliver(channel: string, notices: readonly Notice[]): Promise<string | undefined>
  /** Ends what is under way. */
  close(): Promise<void>
}

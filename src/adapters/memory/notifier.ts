import type { Notice } from '../../core/notify/notice.ts'
import type { Notifier } from '../../ports/notifier.ts'

/** The notifier's twin: it keeps what it delivers, and fails as it is told. */
export class MemoryNotifier implements Notifier {
  readonly channels: readonly string[]
  readonly delivered: { readonly channel: string; readonly notices: readonly Notice[] }[] = []
  /** Why nothing is delivered; undefined: it is. */
  failure: (channel: string) => string | undefined = () => undefined

  constructor(_components: object, init: { readonly channels: readonly string[] }) {
    this.channels = init.channels
  }

  deliver(channel: string, notices: readonly Notice[]): Promise<string | undefined> {
    if (!this.channels.includes(channel))
      return Promise.resolve(`this node has no channel ${channel}`)
    const failure = this.failure(channel)
    if (failure === undefined) this.delivered.push({ channel, notices })
    return Promise.resolve(failure)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

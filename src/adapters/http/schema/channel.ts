import { closed, flag, listOf, text, whole } from './typed.ts'
import type { SchemaOf } from './typed.ts'

/** A channel to people, as the asked node sees it. */
export interface Channel {
  readonly name: string
  /** Whether the answering node has it. */
  readonly self: boolean
  /** Ids of the members that have it and are alive. */
  readonly members: readonly string[]
  /** Messages that wait for their delivery on the answering node. */
  readonly waiting: number
}

/** Answer of `GET /channels`. */
export interface ChannelList {
  readonly items: readonly Channel[]
}

/** Schema of {@link ChannelList}. */
export const channelListSchema: SchemaOf<ChannelList> = closed(
  {
    items: listOf(
      closed({ name: text, self: flag, members: listOf(text), waiting: whole }, 'Channel'),
    ),
  },
  'ChannelList',
)

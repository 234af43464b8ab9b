import type { GossipsubOpts } from '@libp2p/gossipsub'
import type { Topic } from '../../core/effect.ts'
import { limits } from '../../core/limits.ts'

/** The topics of a cluster; nothing else is allowed on its gossip. */
export function topicNames(clusterId: string): Readonly<Record<Topic, string>> {
  return { member: `mc/${clusterId}/member`, jobs: `mc/${clusterId}/jobs` }
}

/** Members up to which a publisher sends to all of them and the mesh is dense. */
const smallFleet = 30

/** Options of gossipsub; every value that is not its default has its reason in docs/design/0006-libp2p-settings.md. */
export function gossipOptions(
  topics: readonly string[],
  fleetSize: number,
): Partial<GossipsubOpts> {
  const isSmall = fleetSize <= smallFleet
  return {
    globalSignaturePolicy: 'StrictSign',
    // otherwise each duplicate is verified before it is recognised
    fastMsgIdFn: (message) =>
      Buffer.concat([message.from ?? none, message.seqno ?? none]).toString('latin1'),
    allowedTopics: [...topics],
    maxTopicBytesPerPeer: 16_384,
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    floodPublish: isSmall,
    doPX: false,
    emitSelf: false,
    ...(isSmall ? { D: 6, Dlo: 4, Dhi: 12 } : { D: 4, Dlo: 3, Dhi: 6, Dscore: 2 }),
    // no IHAVE: the honest answer is one frame that can break the link; anti-entropy repairs instead
    Dlazy: 0,
    gossipFactor: 0,
    idontwantMinDataSize: limits.gossipBytesMax + 1,
    maxInboundStreams: 8,
    maxOutboundStreams: 8,
    batchPublish: true,
    awaitRpcHandler: true,
    // many members behind one address and slow boards are no misbehaviour
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
    scoreThresholds: {
      gossipThreshold: -20,
      publishThreshold: -50,
      graylistThreshold: -80,
      acceptPXThreshold: 1e9,
    },
    // the same everywhere and never smaller: a larger frame silently deafens the link
    maxInboundDataLength: limits.frameBytesMax,
    maxOutboundBufferSize: limits.peerQueueBytesMax,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 128,
      maxIhaveMessageIDs: 512,
      maxIwantMessageIDs: 512,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 4,
    },
  }
}

const none = new Uint8Array()

import { type MemberId, memberId } from '../../src/core/ids.ts'
import { MemoryHub, MemoryNetwork } from '../../src/adapters/memory/network.ts'
import { networkContract, type World } from './network.contract.ts'

const clock = { monoMs: () => performance.now() }

/** Late timeouts of questions that were answered long ago keep no process alive. */
function schedule(run: () => void, delayMs: number): void {
  const timer = setTimeout(run, delayMs)
  if (delayMs > 5_000) timer.unref()
}

networkContract('memory', (): World => {
  const hub = new MemoryHub({ schedule })
  const networks: MemoryNetwork[] = []
  const idOf = (name: string): MemberId => memberId(`member-${name}`)
  return {
    create: (name, peers = []) => {
      const network = new MemoryNetwork({ hub, clock }, { self: idOf(name), peers })
      networks.push(network)
      return Promise.resolve(network)
    },
    deadAddress: () => Promise.resolve('/memory/dead/p2p/member-dead'),
    close: async () => {
      for (const network of networks) await network.stop()
    },
  }
})

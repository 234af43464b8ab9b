import { MemoryNotifier } from '../../src/adapters/memory/notifier.ts'
import { notifierContract } from './notifier.contract.ts'

notifierContract('in memory', async () => {
  const notifier = new MemoryNotifier({}, { channels: ['good', 'bad'] })
  notifier.failure = (channel) => (channel === 'bad' ? 'it is broken' : undefined)
  return {
    notifier,
    delivered: () => notifier.delivered.map(({ notices }) => notices.map(({ id }) => id)),
  }
})

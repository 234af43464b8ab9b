import test from 'node:test'
import { swarm } from './swarm.ts'

test('no promise breaks in fresh seeds, half a', { timeout: 600_000 }, (t) => {
  swarm(t, 0)
})

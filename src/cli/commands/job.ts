import type { Define } from '../context.ts'
import { addVerbs, verb } from '../verbs.ts'

export const define: Define = (command, io) => {
  addVerbs(command, io, {
    'Look:': [
      verb('ls', 'all jobs', () => import('./job/ls.ts')),
      verb('show', 'one job with what is known of it', () => import('./job/show.ts')),
      verb('history', 'its executions', () => import('./job/history.ts')),
    ],
    'Change:': [
      verb('create', 'a new job', () => import('./job/create.ts')),
      verb('rm', 'delete jobs; their history stays', () => import('./job/rm.ts')),
      verb('run', 'start it now', () => import('./job/run.ts')),
      verb('pause', 'record ticks as paused from now on', () => import('./job/pause.ts')),
      verb('resume', 'let ticks start again', () => import('./job/resume.ts')),
    ],
  })
}

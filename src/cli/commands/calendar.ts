import type { Define } from '../context.ts'
import { addVerbs, verb } from '../verbs.ts'

export const define: Define = (command, io) => {
  addVerbs(command, io, {
    'Look:': [
      verb('ls', 'all calendars', () => import('./calendar/ls.ts')),
      verb('show', 'one calendar', () => import('./calendar/show.ts')),
    ],
    'Change:': [
      verb('create', 'a new calendar', () => import('./calendar/create.ts')),
      verb('rm', 'delete calendars that no job names', () => import('./calendar/rm.ts')),
    ],
  })
}

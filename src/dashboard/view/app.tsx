import type { ComponentChildren, VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { followFleet } from '../state/fleet.ts'
import { route } from '../state/place.ts'
import { token } from '../state/session.ts'
import type * as Editor from './editor.tsx'
import { Calendars } from './calendars.tsx'
import { Execution } from './execution.tsx'
import { Executions } from './executions.tsx'
import { Job } from './job.tsx'
import { Jobs } from './jobs.tsx'
import { Later } from './later.tsx'
import { Login } from './login.tsx'
import { Members } from './members.tsx'
import { Overview } from './overview.tsx'
import { Heading } from './pieces.tsx'
import { Shell } from './shell.tsx'
import { Topology } from './topology.tsx'
import { Timeline } from './timeline.tsx'

/** Asks for a token, or follows the fleet and shows one screen. */
export function App(): VNode {
  return token.value === undefined ? <Login /> : <Fleet key={token.value} />
}

function Fleet(): VNode {
  useEffect(followFleet, [])
  const { path } = route.value
  useEffect(() => {
    document.title = path.length === 0 ? 'meshcron' : `${path.join(' ')} · meshcron`
    scrollTo(0, 0)
  }, [path.join('/')])
  return <Shell>{screenOf(path)}</Shell>
}

const loadEditor = (): Promise<typeof Editor> => import('./editor.tsx')

function screenOf([place, name]: readonly string[]): ComponentChildren {
  switch (place) {
    case undefined:
      return <Overview />
    case 'timeline':
      return <Timeline />
    case 'jobs':
      return name === undefined ? <Jobs /> : <Job key={name} name={name} />
    case 'new':
      return <Later load={loadEditor} show={({ NewJob }) => <NewJob />} />
    case 'edit':
      return <Later load={loadEditor} show={({ EditJob }) => <EditJob name={name ?? ''} />} />
    case 'topology':
      return <Topology />
    case 'executions':
      return name === undefined ? <Executions /> : <Execution key={name} id={name} />
    case 'calendars':
      return <Calendars />
    case 'members':
      return <Members />
    default:
      return <Nowhere name={name ?? place} />
  }
}

function Nowhere(props: { name: string }): VNode {
  return (
    <Heading title="Nothing here">
      <p>
        This page has no “{props.name}”. Go to the <a href="#/">overview</a>.
      </p>
    </Heading>
  )
}

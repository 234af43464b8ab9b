import './style/base.css'
import './style/parts.css'
import './style/screens.css'
import { render } from 'preact'
import { keepChoices, readPlace } from './state/place.ts'
import { openSession } from './state/session.ts'
import { App } from './view/app.tsx'
import { listenToKeys } from './view/keys.ts'

openSession()
readPlace()
keepChoices()
listenToKeys()
render(<App />, document.body)

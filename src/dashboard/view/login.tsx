import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { useToken } from '../state/session.ts'

/** Asked for when the URL brought no token, or the node did not take it. */
export function Login(): VNode {
  const [given, setGiven] = useState('')
  return (
    <main class="login">
      <h1>meshcron</h1>
      <p>
        This node answers only with its token. It lies in <code>api-token</code> in the data
        directory of the node; <code>meshcron start</code> on a terminal prints a link that brings
        it along.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (given.trim() !== '') useToken(given.trim())
        }}
      >
        <label>
          Token
          <input
            type="password"
            autoComplete="off"
            spellcheck={false}
            value={given}
            onInput={({ currentTarget }) => setGiven(currentTarget.value)}
          />
        </label>
        <button type="submit">open</button>
      </form>
      <p class="quiet">It is kept in this tab alone, and forgotten with it.</p>
    </main>
  )
}

/** Names what is wrong with the listen addresses and what to do about it. */
export function listenError(
  cause: unknown,
  listen: readonly string[],
  flag: string = '--listen',
): Error {
  const text = cause instanceof Error ? cause.message : String(cause)
  const port = /EADDRINUSE[^\n]*?:(\d+)\b/.exec(text)?.[1]
  if (text.includes('EADDRINUSE')) {
    const which = port === undefined ? `a port of ${listen.join(', ')}` : `port ${port}`
    return coded(
      'MC_PORT_IN_USE',
      `${which} is taken`,
      `stop the program that listens there, or choose another address with ${flag}`,
      cause,
    )
  }
  const isListening = cause instanceof Error && cause.name === 'UnsupportedListenAddressesError'
  if (!isListening) return cause instanceof Error ? cause : new Error(text)
  const code = /\b(EADDRNOTAVAIL|EACCES|EAFNOSUPPORT|ENOTFOUND)\b/.exec(text)?.[1] ?? 'unsupported'
  const message = `cannot listen on ${listen.join(', ')} (${code})`
  return coded('MC_BAD_CONFIG', message, `give an address of this machine with ${flag}`, cause)
}

function coded(code: string, message: string, hint: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code, hint })
}

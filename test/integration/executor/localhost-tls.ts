// A certificate for `localhost` that signs itself, valid for a hundred years, and its key. Both are for
// tests only and protect nothing.

import { createPrivateKey } from 'node:crypto'

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUQ5PY7KuvO+2W7RA3FQqd8LI5g/owCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE1NTA0NloYDzIxMjYxMDMx
MTU1MDQ2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATVzcWRrFQiRBf0L0z6EgbbdvYlzdN3SFr44kmWk3oXJH4IFM1IE4s7
NXtGxxM8EbmlsKju29zjc1sMJRpk+pqRo2kwZzAdBgNVHQ4EFgQUW5yAJfL1Un58
STCF0tQ3XjRSmeYwHwYDVR0jBBgwFoAUW5yAJfL1Un58STCF0tQ3XjRSmeYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAOWQQZLYTGXr8c991LDa5Fs6UlDwXrvjyCemTTUV32n1AiAeyS8jHf+Y
FgVCvv50I/iI91829GLAatlu0hUMwBERfg==
-----END CERTIFICATE-----
`

const key = {
  kty: 'EC',
  x: '1c3FkaxUIkQX9C9M-hIG23b2Jc3Td0ha-OJJlpN6FyQ',
  y: 'fggUzUgTizs1e0bHEzwRuaWwqO7b3ONzWwwlGmT6mpE',
  crv: 'P-256',
  d: 'XsDR59vUaIIW3c2iWgFFjkuEv-IASMtqqNhwQNH42ZQ',
}

export const privateKey: string = createPrivateKey({ key, format: 'jwk' })
  .export({ type: 'pkcs8', format: 'pem' })
  .toString()

#!/usr/bin/env node
// The published command. It runs on whatever Node the host has, so it must parse on very old ones
// (ES5, no import syntax): only then can it say what is wrong. The build copies it beside the bundle.
/* oxlint-disable no-var, typescript/no-implied-eval */
var need = [22, 18]
var have = process.versions.node.split('.').map(Number)

if (have[0] < need[0] || (have[0] === need[0] && have[1] < need[1])) {
  console.error(
    'meshcron needs Node ' +
      need.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a current Node (https://nodejs.org) and run the command again.'
  )
  process.exit(1)
}

var nodeModule = require('node:module')
if (nodeModule.enableCompileCache) nodeModule.enableCompileCache()

// Import syntax would not parse where this file has to speak.
var load = new Function('url', 'return import(url)')
load(require('node:url').pathToFileURL(require('node:path').join(__dirname, 'meshcron.js')).href)

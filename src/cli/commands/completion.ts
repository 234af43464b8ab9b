import { Argument } from 'commander'
import type { Define } from '../context.ts'

// The words are split by blanks and not as bash does, which also splits at `:`, `=` and `@`; what bash
// takes for done of the last word is cut off from the answers.
const bash = `_meshcron() {
  local line=\${COMP_LINE:0:COMP_POINT} words word typed done IFS
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  typed=\${words[-1]}
  done=\${typed%"\${COMP_WORDS[COMP_CWORD]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("\${word#"$done"}")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -o default -F _meshcron meshcron
`

const zsh = `#compdef meshcron
_meshcron() {
  local -a found
  local line
  for line in "\${(@f)$(\${words[1]} complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe meshcron found; else _files; fi
}
compdef _meshcron meshcron
`

const fish = `function __meshcron_complete
    set -l words (commandline -opc)
    $words[1] complete -- $words[2..-1] (commandline -ct) 2> /dev/null
end
complete -c meshcron -a '(__meshcron_complete)'
`

const scripts = { bash, zsh, fish } as const

export const define: Define = (command, io) => {
  command
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => void io.stdout.write(scripts[shell]))
}

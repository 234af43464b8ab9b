// Examples in the help of verbs. Each is a whole command line; a test reads all of them.

export const examples: Readonly<Record<string, readonly string[]>> = {
  '': ['meshcron demo', 'meshcron status', 'meshcron doctor'],
  start: [
    'meshcron start --name barn',
    'meshcron start --name field --peer pi1:7171 --network-key network.key --tag site=field',
  ],
  demo: ['meshcron demo --nodes 5', 'meshcron demo kill b2m9x', 'meshcron demo split a7f3k'],
  completion: [
    'meshcron completion bash > /etc/bash_completion.d/meshcron',
    'meshcron completion zsh > ~/.zfunc/_meshcron',
    'meshcron completion fish > ~/.config/fish/completions/meshcron.fish',
  ],
  'job create': [
    'meshcron job create hello --every 10s -- echo "hi from {node}"',
    "meshcron job create backup --schedule '0 3 * * *' --timezone Europe/Berlin --tag role=db --shell 'pg_dump shop > shop.sql'",
    'meshcron job create copy --after backup -- rclone copy shop.sql remote:shop',
  ],
  'job ls': ['meshcron job ls --prefix ops.', 'meshcron job ls -o name', 'meshcron job ls --watch'],
  'job run': ['meshcron job run deploy --param target=web --wait'],
  'job pause': ["meshcron job pause backup --until +2h --note 'disk is replaced'"],
  apply: ['meshcron apply -f jobs.yaml --dry-run', 'meshcron apply -f jobs/ --prune --yes'],
  export: ['meshcron export > jobs.yaml', 'meshcron export backup -o json'],
  import: [
    'meshcron import crontab --dry-run',
    'meshcron import systemd /etc/systemd/system --tag host=pi1',
    'meshcron import dkron jobs.json --dry-run',
    'meshcron import k8s-cronjob cronjobs.yaml --engine podman',
  ],
  next: ["meshcron next '30 2 * * *' --timezone Europe/Berlin -n 10", 'meshcron next @hourly'],
  plan: ['meshcron plan', 'meshcron plan backup --to +24h', 'meshcron plan --watch'],
  explain: ['meshcron explain backup', 'meshcron explain backup@1767236400000'],
  'run ls': [
    'meshcron run ls --state failure --since -24h',
    'meshcron run ls --job backup -o wide',
  ],
  'run retry': ['meshcron run retry backup@1767236400000 --wait'],
  logs: ['meshcron logs -f backup'],
  status: ['meshcron status --watch', 'meshcron status -o json'],
  'member drain': ['meshcron member drain barn --timeout 30m'],
  'notify test': ['meshcron notify test ops'],
  doctor: ['meshcron doctor', 'meshcron doctor -o json', 'meshcron doctor --host pi1:7172'],
  simulate: ['meshcron simulate --seed 5'],
}

import { type Command, Option } from 'commander'
import type { ExitCode, Terminal } from '../terminal.ts'
import type { SimulateOptions } from './options.ts'
import { REBALANCER } from './rebalancer.ts'
import { simulate } from './simulate.ts'

export function addSimulate(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('simulate')
    .description('replay a trace of pods in virtual time and say what quotas and the rebalancer make of it')
    .requiredOption(
      '--pods <file>',
      'the pods: a table (.csv), or manifests that say when they come and how long they run',
    )
    .requiredOption('--nodes <file.csv>', 'the nodes, with their models and GPUs')
    .option('--cluster <dir>', 'the folder of classes, cohorts and tenants; without it, one is built from the trace')
    .option('--compare [dir]', 'run it without borrowing and without reclaim as well; or under a second cluster folder')
    .option('--compress <factor>', 'let pods come so many times as dense, and run as long as ever', '1')
    .option('--node-share <percent>', 'the part of the nodes that are there, of each model', '100%')
    .option('--chart <file>', 'draw utilisation, waiting and fairness over time (.svg or .html)')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(['text', 'json']).default('text'))
    .action((options: SimulateOptions) => done(simulate(options, REBALANCER, terminal)))
}

import { Command, CommanderError, Option } from 'commander'
import { VERSION } from '../config/version.ts'
import { demo } from './demo/demo.ts'
import { type ExplainOptions, explain } from './explain.ts'
import { type ExportVapOptions, exportVap } from './export-vap.ts'
import { importFromKueue } from './import-kueue.ts'
import { REVIEW_OUTPUTS, review } from './review.ts'
import { runSelfTest, type SelfTestOptions } from './selftest.ts'
import { addServe } from './serve-command.ts'
import { addSimulate } from './simulate/command.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'
import { test } from './test.ts'
import { runUnregister } from './unregister.ts'
import { type UsageOptions, usage } from './usage.ts'
import { whatIf } from './whatif.ts'

/** Runs one command line. Undefined means that the process goes on: it serves. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode | undefined> {
  let exitCode: ExitCode | undefined
  const done = (code: ExitCode | undefined) => {
    exitCode = code
  }
  const program = programFor(terminal, done)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.yes : EXIT.badInput
    throw error
  }
}

function programFor(terminal: Terminal, done: (code: ExitCode | undefined) => void): Command {
  const program = new Command('sluice')
    .description(
      'GPU admission control for Kubernetes: inject what GPU pods need, refuse what exceeds a quota, say why',
    )
    .version(VERSION)
    .configureOutput({ writeOut: text => terminal.out(text.trimEnd()), writeErr: text => terminal.err(text.trimEnd()) })
    .showSuggestionAfterError()
    .exitOverride()
  addServe(program, terminal, done)
  addReview(program, terminal, done)
  addExplain(program, terminal, done)
  addWhatIf(program, terminal, done)
  addUsage(program, terminal, done)
  addSimulate(program, terminal, done)
  addTest(program, terminal, done)
  addImport(program, terminal, done)
  addExport(program, terminal, done)
  addSelfTest(program, terminal, done)
  addUnregister(program, terminal, done)
  addDemo(program, terminal, done)
  return program
}

type Done = (code: ExitCode | undefined) => void

function addReview(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('review')
    .description('say what would become of the pods of manifests, offline; exits with 1 if any is denied')
    .requiredOption('-f, --file <file...>', 'manifests or folders of manifests; - is standard input')
    .option(
      '--cluster <dir>',
      'the folder of classes, cohorts, tenants and policies; without it, policies alone decide',
    )
    .option('-n, --namespace <name>', 'review everything as if it were created there')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(REVIEW_OUTPUTS).default('text'))
    .action(async ({ file, cluster, namespace, output }) =>
      done(
        await review(
          {
            files: file,
            output,
            ...(cluster === undefined ? {} : { cluster }),
            ...(namespace === undefined ? {} : { namespace }),
          },
          terminal,
        ),
      ),
    )
}

function addExplain(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('explain')
    .description('show every policy and every limit that the pods of a manifest meet')
    .requiredOption('-f, --file <file>', 'the manifest')
    .requiredOption('--cluster <dir>', 'the folder of classes, cohorts, tenants and policies')
    .option('--pods <file>', PODS_HELP)
    .option('-n, --namespace <name>', 'explain everything as if it were created there')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(['text', 'json']).default('text'))
    .action(async (options: ExplainOptions) => done(await explain(options, terminal)))
}

const PODS_HELP = 'what runs now: the output of kubectl get pods -A -o json (or yaml); - is standard input'

function addWhatIf(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('whatif')
    .description('say what a change of quotas would mean; exits with 1 if somebody would lose by it')
    .option('-f, --file <file...>', 'changed documents; they replace those of the same kind and name, or are added', [])
    .option('--delete <kind/name...>', 'documents that are taken away, such as TenantQuota/research', [])
    .requiredOption('--cluster <dir>', 'the folder of classes, cohorts, tenants and policies as they are')
    .option('--pods <file>', PODS_HELP)
    .option('--pod <file...>', 'manifests of any workload kind, to judge before and after', [])
    .option('-n, --namespace <name>', 'judge the manifests as if they were created there')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(['text', 'json']).default('text'))
    .action(async ({ file, delete: deleted, pod, ...options }) =>
      done(await whatIf({ ...options, files: file, deleted, manifests: pod }, terminal)),
    )
}

function addUsage(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('usage')
    .description('show what each tenant uses, may use and has borrowed')
    .requiredOption('--cluster <dir>', 'the folder of classes, cohorts, tenants and policies')
    .requiredOption('--pods <file>', PODS_HELP)
    .addOption(new Option('-n, --namespace <name>', 'of the tenant that has this namespace').conflicts('tenant'))
    .option('--tenant <name>', 'of this tenant')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(['text', 'json']).default('text'))
    .action((options: UsageOptions) => done(usage(options, terminal)))
}

function addTest(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('test')
    .description('run the suites (*.test.yaml) beside policies; exits with 1 if a case fails')
    .argument('[folders...]', 'folders of policies; the shipped ones without any')
    .addOption(new Option('-o, --output <form>', 'the form of the answer').choices(['text', 'json']).default('text'))
    .action((folders: readonly string[], { output }) => done(test({ folders, output }, terminal)))
}

function addImport(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('import')
    .description('write what another system is configured with as documents of Sluice')
    .command('kueue')
    .description(
      'ClusterQueues, Cohorts, ResourceFlavors and LocalQueues; what has no counterpart is told on standard error',
    )
    .requiredOption('-f, --file <file...>', 'manifests or folders of manifests; - is standard input')
    .option('-o, --output-dir <dir>', 'a folder for the documents; standard output without it')
    .option('--accelerator <resource...>', 'resources that are accelerators, besides those of the shipped classes')
    .action(({ file, outputDir, accelerator }) =>
      done(
        importFromKueue(
          {
            files: file,
            accelerators: accelerator ?? [],
            ...(outputDir === undefined ? {} : { outputDir }),
          },
          terminal,
        ),
      ),
    )
}

function addExport(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('export')
    .description('write what Sluice knows in the form of something else')
    .command('vap')
    .description('a ValidatingAdmissionPolicy that holds up the least while Sluice is away')
    .requiredOption('--cluster <dir>', 'the folder of classes, cohorts, tenants and policies')
    .option('--exempt-namespaces <names...>', 'namespaces that are left alone, besides those of the system')
    .action((options: ExportVapOptions) => done(exportVap(options, terminal)))
}

function addSelfTest(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('selftest')
    .description('ask the pod webhooks at an address as the API server will; exits with 1 if they do not answer')
    .requiredOption('--webhook-url <url>', 'where they are, such as https://sluice.sluice-system.svc')
    .requiredOption('--tls-ca <file>', 'the authority that their certificate must be of, in PEM')
    .action(async (options: SelfTestOptions) => done(await runSelfTest(options, terminal)))
}

function addUnregister(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('unregister')
    .description('delete the webhook configurations, so that pods are created without Sluice')
    .option('--kubeconfig <file>', 'the cluster; without it, the one this runs in')
    .action(async ({ kubeconfig }) => done(await runUnregister(kubeconfig, terminal)))
}

function addDemo(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('demo')
    .description('start the service, send it the examples, and show what it does')
    .option('--once', 'end after the replay instead of serving on')
    .action(async ({ once }) => done(await demo({ isOnce: once === true }, terminal)))
}

import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';
import { add, none, runStep, told } from './runner/run-step.ts';
import { findSteps, type StepName, stepNames } from './runner/steps.ts';

const USAGE = `npm test -- [step ...] [--keep-going] [--match TEXT] [--list]

  steps         ${stepNames.join(', ')}; all of them, in this order, where none is named
  --keep-going  later steps too when an earlier one failed
  --match TEXT  only test files whose path has this in it
  --list        say which files belong to which step`;

const { values, positionals } = commandLine(USAGE, {
  'keep-going': { type: 'boolean', default: false },
  match: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
const isStep = (name: string): name is StepName => stepNames.some((s) => s === name);
const unknown = positionals.filter((p) => !isStep(p));
if (unknown.length > 0) notUnderstood(`no such step: ${unknown.join(', ')}`, USAGE);

const steps = await findSteps();
const asked = stepNames.filter((name) => positionals.length === 0 || positionals.includes(name));
const rows: { step: string; result: string; seconds: string }[] = [];
let total = none;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
for (const name of asked) {
  const { match } = values;
  const step =
    match === undefined ? steps[name] : { ...steps[name], programs: [], files: steps[name].files.filter((f) => f.includes(match)) };
  if (values.list) {
    console.log([`${name}:`, ...step.programs.map((p) => `  ${p.slice(1).join(' ')}`), ...step.files.map((f) => `  ${f}`)].join('\n'));
    continue;
  }
  if (stop.signal.aborted || (total.failed > 0 && !values['keep-going'])) {
    rows.push({ step: name, result: `not run: ${stop.signal.aborted ? 'stopped' : 'an earlier step failed'}`, seconds: '' });
    continue;
  }
  console.log(`\n${name}: ${step.about}`);
  const started = performance.now();
  const counts = await runStep(step, stop.signal);
  total = add(total, counts);
  rows.push({ step: name, result: told(counts), seconds: ((performance.now() - started) / 1000).toFixed(1) });
}
if (!values.list) {
  console.log('');
  for (const r of rows) console.log(`${r.step.padEnd(10)}${r.seconds.padStart(8)} s  ${r.result}`.replace(/ {9}s /, ' '.repeat(11)));
  console.log(`\n${told(total)}`);
}
// whatever a test left running must not keep us
process.exit(total.failed > 0 || stop.signal.aborted ? 1 : 0);

// Who may import whom. Each rule says why; test/architecture/boundaries.test.ts sees each of them fail.

// What decides: all of a service but its shell (and of the agent, which is a shell itself, its decide/). biome.json has the
// same files (a test compares them) and bans clock, chance and process there.
const decisionFiles =
  '^services/[^/]+/src/.+[.]ts$|^libs/(kernel|contracts|planner|answers|story)/.+[.]ts$|^libs/runtime/src/shell/service[.]ts$';
const shellOfService = '^services/[^/]+/src/(main|index|world|perform/.+)[.]ts$|^services/agent/src/[^/]+[.]ts$';
const notDecisions = `${shellOfService}|[.]test[.]ts$|/generate/`;
const mayDecideWith =
  '^libs/(kernel|contracts|planner|answers|story)/|^libs/runtime/src/(index[.]ts|shell/)|^services/|node_modules/typebox/';

/** npm package → the one place that may import it. */
const clients = {
  kafkajs: 'libs/adapters-kafka',
  ioredis: 'libs/adapters-redis',
  zookeeper: 'libs/adapters-zookeeper',
  nodemailer: 'libs/adapters-mail',
  imapflow: 'libs/adapters-mail',
  mailparser: 'libs/adapters-mail',
  twilio: 'libs/adapters-twilio',
  smpp: 'libs/adapters-smpp',
};

export default {
  forbidden: [
    {
      name: 'decisions-are-pure',
      comment:
        'A decision imports words, schemas, the planner and what the shell gives it (tell, order), nothing that does I/O: only so can it be replayed, simulated and read on its own. Types from elsewhere are fine (import type).',
      severity: 'error',
      from: { path: decisionFiles, pathNot: notDecisions },
      to: { pathNot: `${mayDecideWith}|^(node:)?crypto$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'decisions-know-no-shell',
      comment:
        "A decision runs nothing of its service's shell (main, index, world, perform/): the shell calls the decision, never the other way round. A pure helper belongs in a file of its own.",
      severity: 'error',
      from: { path: decisionFiles, pathNot: notDecisions },
      to: { path: shellOfService, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-shell-does-no-io',
      comment: 'What runs a decision reaches the world by ports alone: the simulation runs the same shell, byte for byte.',
      severity: 'error',
      from: { path: '^libs/runtime/src/(index[.]ts$|shell/)', pathNot: '[.]test[.]ts$' },
      to: { pathNot: '^libs/(runtime/src/shell|kernel|contracts|ports)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-kernel-hashes',
      comment:
        "node:crypto serves stable ids alone, in libs/kernel; any other decision that wants it wants chance, and chance can't be replayed.",
      severity: 'error',
      from: { path: decisionFiles, pathNot: `${notDecisions}|^libs/kernel/src/identifiers[.]ts$` },
      to: { path: '^(node:)?crypto$' },
    },
    {
      name: 'kernel-stands-alone',
      comment: 'The kernel is what everything is made of: it imports nothing of ours.',
      severity: 'error',
      from: { path: '^libs/kernel/' },
      to: { path: '^(libs|services|deploy|test)/', pathNot: '^libs/kernel/' },
    },
    {
      name: 'contracts-know-only-the-kernel',
      comment: 'Schemas are read by everybody, so they depend on nobody: a planner or port type in an event would tie its readers to it.',
      severity: 'error',
      from: { path: '^libs/contracts/' },
      to: { path: '^(libs|services|deploy|test)/', pathNot: '^libs/(contracts|kernel)/' },
    },
    {
      name: 'planner-stays-below',
      comment: 'The planner takes a fleet and gives a plan: nothing of ours but words and schemas.',
      severity: 'error',
      from: { path: '^libs/planner/' },
      to: { path: '^(libs|services|deploy|test)/', pathNot: '^libs/(planner|contracts|kernel)/' },
    },
    {
      name: 'services-are-strangers',
      comment: 'Services talk by events alone: one that imports another cannot be deployed, restarted or understood without it.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'nothing-imports-services',
      comment: 'Only what starts them (deploy) or tries them (test) knows services; a library that does would drag a whole service along.',
      severity: 'error',
      from: { pathNot: '^(services|deploy|test)/' },
      to: { path: '^services/' },
    },
    ...Object.entries(clients).map(([client, home]) => ({
      name: `${client}-has-one-importer`,
      comment: `${client} may one day be replaced: everybody else goes through the port that ${home} implements.`,
      severity: 'error',
      from: { pathNot: `^${home}/` },
      to: { path: `(^|/)node_modules/(@types/)?${client}/|^${client}(/|$)` },
    })),
    {
      name: 'answers-stand-alone',
      comment: 'What an answer says is decided from its text alone: whoever understands it must not know who may give it.',
      severity: 'error',
      from: { path: '^libs/answers/' },
      to: { path: '^(libs|services|deploy|test)/', pathNot: '^libs/answers/' },
    },
    {
      name: 'ports-know-no-adapters',
      comment: 'A port says what Lifeboat needs. If it knew who provides it, no second adapter could take the place of the first.',
      severity: 'error',
      from: { path: '^libs/ports/' },
      to: { path: '^(libs|services|deploy|test)/', pathNot: '^libs/(ports|contracts|kernel)/' },
    },
    {
      name: 'adapters-serve-ports',
      comment: 'An adapter implements a port and knows nothing of who uses it: not the services, not the shell, not the simulated world.',
      severity: 'error',
      from: { path: '^libs/adapters-[^/]+/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(services|deploy|test)/|^libs/(runtime|world|planner)/' },
    },
    {
      name: 'adapters-are-strangers',
      comment: 'Each adapter can be left out of an installation without the others (the ZooKeeper one needs a compiler, for one).',
      severity: 'error',
      from: { path: '^libs/(adapters-[^/]+)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^libs/adapters-', pathNot: '^libs/$1/' },
    },
    {
      name: 'runtime-has-no-favourites',
      comment: 'The shell runs any service over any adapter: it is given both, it imports neither.',
      severity: 'error',
      from: { path: '^libs/runtime/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(services|deploy|test)/|^libs/(adapters-[^/]+|world|planner)/' },
    },
    {
      name: 'world-is-simulated',
      comment: 'The simulated region must never be wired into a real deployment: only the embedded mode and the tests may have it.',
      severity: 'error',
      from: { pathNot: '^(libs/world|deploy/embedded|test)/' },
      to: { path: '^libs/world/' },
    },
    {
      name: 'production-knows-no-tests',
      comment: 'What is deployed must not need the tests. Contract suites (*.contract.ts) are for test files alone.',
      severity: 'error',
      from: { pathNot: '^test/|[.](test|contract)[.]ts$' },
      to: { path: '^test/|[.](test|contract)[.]ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or a third is missing. Types may: they are gone when the code runs.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'imports-are-declared',
      comment:
        'A package names what it uses in its own package.json: what only happens to be installed is gone in an installation of one service.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'imports-resolve',
      comment: 'The file or package does not exist, or its package.json does not export it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^deploy/toolchain/|[.](json|sh|py)$' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.d.ts', '.json'],
    },
    skipAnalysisNotInRules: true,
  },
};
